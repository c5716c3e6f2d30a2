package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.PollSet;
import io.holdfast.capture.linux.SystemCallException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A TUN device: IPv4 packets written to it arrive in the stack, packets routed to it can be read (Linux
 * Documentation/networking/tuntap.rst); owned by one thread.
 *
 * <p>It belongs to the network namespace of the thread that opened it and goes away with its descriptor, however the
 * process ends.
 */
public final class TunDevice implements AutoCloseable {
    private static final long TUNSETIFF = 0x400454caL;
    private static final int IFF_TUN = 0x0001;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS_OFFSET = 16;
    private static final int LONGEST_NAME = 15;
    private static final int LARGEST_PACKET_BYTES = 65_535;

    private final String name;
    private final Descriptor descriptor;
    private final PollSet poll;
    private final ByteBuffer received = ByteBuffer.allocateDirect(LARGEST_PACKET_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long receivedAddress = LibC.addressOf(received);

    private TunDevice(String name, Descriptor descriptor) {
        this.name = name;
        this.descriptor = descriptor;
        this.poll = new PollSet(descriptor.number());
    }

    /** Makes the device. Throws with EBUSY while another process has one of that name. */
    public static TunDevice open(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length == 0 || bytes.length > LONGEST_NAME) {
            throw new IllegalArgumentException("an interface name has 1 to 15 characters: " + name);
        }
        Descriptor descriptor = Descriptor.open("/dev/net/tun", LibC.O_RDWR | LibC.O_NONBLOCK);
        try {
            ByteBuffer request = LibC.direct(IFREQ_BYTES);
            request.put(0, bytes).putShort(IFREQ_FLAGS_OFFSET, (short) (IFF_TUN | IFF_NO_PI));
            LibC.check("ioctl(TUNSETIFF, " + name + ")",
                    LibC.ioctl(descriptor.number(), TUNSETIFF, LibC.addressOf(request)));
            Reference.reachabilityFence(request);
            return new TunDevice(name, descriptor);
        } catch (RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    public String name() {
        return name;
    }

    /** Hands a packet to the stack, which has taken it in when this returns. The buffer is direct. */
    void write(long address, int length) {
        long written;
        do {
            written = LibC.write(descriptor.number(), address, length);
        } while (written == -Errno.EINTR || written == -Errno.EAGAIN);
        if (written != -Errno.EINVAL) { // the device refuses what is no IP packet; so would the stack
            LibC.check("write(" + name + ")", written);
        }
    }

    /** Reads one packet into {@link #received()}. Returns its length, or 0 when none waits. */
    int read() {
        long got;
        do {
            got = LibC.read(descriptor.number(), receivedAddress, LARGEST_PACKET_BYTES);
        } while (got == -Errno.EINTR);
        if (got == -Errno.EAGAIN) {
            return 0;
        }
        if (got < 0) {
            throw new SystemCallException("read(" + name + ")", (int) -got);
        }
        return (int) got;
    }

    /** The packet read last, from 0. */
    ByteBuffer received() {
        return received;
    }

    /** Waits until a packet can be read, at most {@code timeoutMs}. */
    void await(int timeoutMs) {
        poll.await(timeoutMs);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
