package io.holdfast.cli.doctor;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** TUN: the loopback through which replay injects packets. */
final class TunDevice implements Capability {

    /** include/uapi/linux/if_tun.h: _IOW('T', 202, int). */
    private static final long TUNSETIFF = 0x400454ca;
    private static final short IFF_TUN_NO_PI = 0x1001;
    /** struct ifreq: a name of 16 bytes, then a union of 24. */
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS_OFFSET_BYTES = 16;

    @Override
    public String name() {
        return "TUN";
    }

    @Override
    public String remedy() {
        return "modprobe tun; in a container, pass the device /dev/net/tun on";
    }

    @Override
    public String tryOut() {
        try (Descriptor tun = Descriptor.open("/dev/net/tun", LibC.O_RDWR)) {
            ByteBuffer request = LibC.direct(IFREQ_BYTES);
            request.put(0, "hf-probe".getBytes(StandardCharsets.US_ASCII));
            request.putShort(IFREQ_FLAGS_OFFSET_BYTES, IFF_TUN_NO_PI);
            LibC.check("ioctl(TUNSETIFF)", LibC.ioctl(tun.number(), TUNSETIFF, LibC.addressOf(request)));
            Reference.reachabilityFence(request);
        }
        return "device made";
    }
}
