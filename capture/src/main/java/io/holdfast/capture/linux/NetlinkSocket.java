package io.holdfast.capture.linux;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * A netlink socket of one family, owned by one thread at a time (netlink(7)).
 *
 * <p>It belongs to the network namespace of the thread that opened it, for its whole life.
 */
public final class NetlinkSocket implements AutoCloseable {
    public static final int NETLINK_ROUTE = 0;
    public static final int NETLINK_SOCK_DIAG = 4;
    public static final int NETLINK_NETFILTER = 12;
    private static final int NETLINK_ADD_MEMBERSHIP = 1;
    private static final int NETLINK_NO_ENOBUFS = 5;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_EXT_ACK = 11;
    private static final int SOCKADDR_NL_BYTES = 12;
    private static final int SO_RCVTIMEO = 20;
    /** The kernel answers at once; a wait this long means that a request asked for no answer. */
    private static final int ANSWER_TIMEOUT_SECONDS = 5;
    /** include/uapi/linux/netfilter/nfnetlink.h. */
    private static final short NFNL_MSG_BATCH_END = 0x11;
    /** What the kernel fills at most for a dump (net/netlink/af_netlink.c), and room for a large error message. */
    private static final int RECEIVE_BYTES = 64 * 1024;

    private final Descriptor descriptor;
    private final int protocol;
    private final String name;
    private final ByteBuffer kernelAddress = LibC.direct(SOCKADDR_NL_BYTES);
    private final ByteBuffer receiveBuffer = LibC.direct(RECEIVE_BYTES);
    private final NetlinkReader reader = new NetlinkReader();
    private int sequence;
    private String lastErrorText = "";

    /** Called for each message of an answer; the reader is the socket's own and valid for the call only. */
    @FunctionalInterface
    public interface MessageHandler {
        void onMessage(NetlinkReader message);
    }

    private NetlinkSocket(Descriptor descriptor, int protocol) {
        this.descriptor = descriptor;
        this.protocol = protocol;
        this.name = "netlink " + protocol;
    }

    /** Opens and binds a socket for a netlink protocol, with errors explained by the kernel where it can. */
    public static NetlinkSocket open(int protocol) {
        String name = "netlink " + protocol;
        Descriptor descriptor = Descriptor.socket(LibC.AF_NETLINK, LibC.SOCK_RAW, protocol, name);
        NetlinkSocket socket = new NetlinkSocket(descriptor, protocol);
        try {
            socket.kernelAddress.putShort(0, (short) LibC.AF_NETLINK);
            LibC.check("bind(" + name + ")", LibC.bind(descriptor.number(), LibC.addressOf(socket.kernelAddress), SOCKADDR_NL_BYTES));
            descriptor.option(LibC.SOL_NETLINK, NETLINK_CAP_ACK, 1);
            descriptor.option(LibC.SOL_NETLINK, NETLINK_EXT_ACK, 1);
            socket.limitWaiting();
            return socket;
        } catch (RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    private void limitWaiting() {
        ByteBuffer timeval = LibC.direct(2 * Long.BYTES).putLong(0, ANSWER_TIMEOUT_SECONDS);
        LibC.check("setsockopt(SO_RCVTIMEO)", LibC.setsockopt(descriptor.number(), LibC.SOL_SOCKET, SO_RCVTIMEO,
                LibC.addressOf(timeval), timeval.capacity()));
        Reference.reachabilityFence(timeval);
    }

    /** Has the kernel send what is published to a multicast group of the family. */
    public void joinGroup(int group) {
        descriptor.option(LibC.SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    }

    /** Has a full receive buffer not reported as ENOBUFS (net/netlink/af_netlink.c, netlink_overrun). */
    public void noOverrunErrors() {
        descriptor.option(LibC.SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
    }

    /** Sets the receive buffer beyond net.core.rmem_max; needs CAP_NET_ADMIN in the socket's user namespace. */
    public void receiveBufferBytes(int bytes) {
        descriptor.option(LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, bytes);
    }

    public Descriptor descriptor() {
        return descriptor;
    }

    /** Sends what the writer holds as one datagram. Numbers nothing and awaits nothing. Returns 0 or -errno. */
    public int send(NetlinkWriter writer) {
        return send(writer.address(), writer.length(), writer);
    }

    private int send(long address, int length, Object keepReachable) {
        long sent;
        do {
            sent = LibC.send(descriptor.number(), address, length, 0);
        } while (sent == -Errno.EINTR);
        Reference.reachabilityFence(keepReachable);
        return sent < 0 ? (int) sent : 0;
    }

    /** Receives one datagram into {@code address}. Returns its length, or -errno (EAGAIN, ENOBUFS, ...). */
    public int receive(long address, int capacityBytes, int flags) {
        long got;
        do {
            got = LibC.recv(descriptor.number(), address, capacityBytes, flags);
        } while (got == -Errno.EINTR);
        return (int) got;
    }

    /**
     * Sends the messages in {@code writer} and waits until the kernel has answered each that asks for it.
     *
     * @throws SystemCallException if one of them fails
     */
    public void request(String what, NetlinkWriter writer) {
        request(what, writer, message -> { });
    }

    /** As {@link #request(String, NetlinkWriter)}; what the kernel answers beyond acknowledgements goes to the handler. */
    public void request(String what, NetlinkWriter writer, MessageHandler handler) {
        int result = tryRequest(writer, handler);
        if (result < 0) {
            throw new SystemCallException(name + " " + what, -result, lastErrorText);
        }
    }

    /** As {@link #request(String, NetlinkWriter)}, with a refusal as a result: 0, or -errno of the first that failed. */
    public int tryRequest(NetlinkWriter writer) {
        return tryRequest(writer, message -> { });
    }

    /** As {@link #tryRequest(NetlinkWriter)} with a handler for answers. */
    public int tryRequest(NetlinkWriter writer, MessageHandler handler) {
        int first = sequence + 1;
        int last = number(writer);
        int result = send(writer);
        if (result < 0) {
            lastErrorText = "";
            return result;
        }
        return awaitAnswers(first, last, handler);
    }

    /** Why the last refused request was refused, in the kernel's words; "" when it said nothing. */
    public String lastErrorText() {
        return lastErrorText;
    }

    /**
     * Gives each message in the writer a sequence number and the last one NLM_F_ACK. Returns the number awaited.
     *
     * <p>The end of an nfnetlink batch is not acknowledged by every kernel, so there it is the last message inside.
     */
    private int number(NetlinkWriter writer) {
        ByteBuffer out = writer.buffer();
        int lastStart = -1;
        int last = 0;
        for (int at = 0; at < writer.length(); at += (out.getInt(at) + 3) & ~3) {
            out.putInt(at + NetlinkWriter.SEQUENCE_OFFSET_BYTES, ++sequence);
            if (protocol != NETLINK_NETFILTER || out.getShort(at + 4) != NFNL_MSG_BATCH_END) {
                lastStart = at;
                last = sequence;
            }
        }
        if (lastStart < 0) {
            throw new IllegalArgumentException("nothing to send");
        }
        int flagsAt = lastStart + NetlinkWriter.FLAGS_OFFSET_BYTES;
        if ((out.getShort(flagsAt) & NetlinkWriter.NLM_F_DUMP) != NetlinkWriter.NLM_F_DUMP) {
            out.putShort(flagsAt, (short) (out.getShort(flagsAt) | NetlinkWriter.NLM_F_ACK));
        }
        return last;
    }

    /** Reads until the last message is acknowledged, a dump is done, or one of them is refused. */
    private int awaitAnswers(int first, int last, MessageHandler handler) {
        while (true) {
            int length = receive(LibC.addressOf(receiveBuffer), RECEIVE_BYTES, 0);
            if (length < 0) {
                lastErrorText = "while waiting for the answer";
                return length;
            }
            reader.wrap(receiveBuffer, length);
            while (reader.next()) {
                int number = reader.sequence();
                if (number - first < 0 || number - last > 0) {
                    continue; // an answer to a request before, or a multicast message
                }
                boolean control = reader.type() == NetlinkReader.NLMSG_ERROR || reader.type() == NetlinkReader.NLMSG_DONE;
                if (!control) {
                    handler.onMessage(reader);
                } else if (reader.error() != 0) {
                    lastErrorText = reader.errorText();
                    return reader.error();
                } else if (number == last) {
                    return 0;
                }
            }
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
