package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.TcpTuple;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Gives a client the last bytes of a connection its workload has closed already; owned by one thread.
 *
 * <p>The workload's own socket cannot be mended: no process has a descriptor of it. It is destroyed while the loopback
 * swallows its reset, and a socket with the same ends is made by TCP_REPAIR (net/ipv4/tcp.c), which counts as the
 * client does. It sends the bytes and closes when the outside is open.
 */
final class Farewell implements AutoCloseable {
    private static final int TCP_REPAIR = 19;
    private static final int TCP_REPAIR_QUEUE = 20;
    private static final int TCP_QUEUE_SEQ = 21;
    private static final int TCP_REPAIR_OPTIONS = 22;
    private static final int TCP_TIMESTAMP = 24;
    private static final int TCP_REPAIR_WINDOW = 29;
    private static final int RECEIVE_QUEUE = 1;
    private static final int SEND_QUEUE = 2;
    private static final int OPTION_MSS = 2;
    private static final int OPTION_WINDOW_SCALE = 3;
    private static final int OPTION_SACK_PERMITTED = 4;
    private static final int OPTION_TIMESTAMPS = 8;
    private static final int SOCKADDR_IN_BYTES = 16;
    private static final int REPAIR_OPTION_BYTES = 8;
    private static final int REPAIR_WINDOW_BYTES = 20;
    private static final int RECEIVE_WINDOW_BYTES = 0xffff;
    private static final int REPAIR_OFF_QUIETLY = -1;
    /** The kernel counts bookkeeping in the buffer's size as well. */
    private static final int BUFFER_FACTOR = 4;
    private static final int BUFFER_FLOOR_BYTES = 1 << 16;

    private final Plan plan;
    private final Descriptor socket;
    private final ByteBuffer value = LibC.direct(REPAIR_WINDOW_BYTES);

    /**
     * What the client has still to get and how the connection was agreed on.
     *
     * @param sequence number of the first byte, as the client counts
     * @param clientSequence the next number expected of the client
     * @param bytes may be empty: then only the end itself is missing
     * @param windowBytes how much the client takes
     * @param hasTimestamps whether both sides send timestamps
     */
    record Plan(int sequence, int clientSequence, byte[] bytes, int windowBytes, int mssBytes, int sendScale, int receiveScale,
                boolean hasWindowScale, boolean selectiveAcks, boolean hasTimestamps) {
    }

    /** Makes the socket in the network namespace of the calling thread; it sends nothing yet. */
    Farewell(TcpTuple tuple, Plan plan, int timestamp) {
        this.plan = plan;
        socket = Descriptor.socket(LibC.AF_INET, LibC.SOCK_STREAM, LibC.IPPROTO_TCP, "farewell to " + tuple);
        try {
            socket.option(LibC.SOL_SOCKET, LibC.SO_SNDBUFFORCE, plan.bytes.length * BUFFER_FACTOR + BUFFER_FLOOR_BYTES);
            option(TCP_REPAIR, 1);
            option(TCP_REPAIR_QUEUE, SEND_QUEUE);
            option(TCP_QUEUE_SEQ, plan.sequence);
            option(TCP_REPAIR_QUEUE, RECEIVE_QUEUE);
            option(TCP_QUEUE_SEQ, plan.clientSequence);
            address(tuple.serverAddress(), tuple.serverPort());
            LibC.check("bind(" + socket + ")", LibC.bind(socket.number(), LibC.addressOf(value), SOCKADDR_IN_BYTES));
            address(tuple.clientAddress(), tuple.clientPort());
            LibC.check("connect(" + socket + ")", LibC.connect(socket.number(), LibC.addressOf(value), SOCKADDR_IN_BYTES));
            Reference.reachabilityFence(value);
            agree(timestamp);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void agree(int timestamp) {
        repairOption(OPTION_MSS, plan.mssBytes);
        if (plan.hasWindowScale) {
            repairOption(OPTION_WINDOW_SCALE, plan.sendScale | plan.receiveScale << 16);
        }
        if (plan.selectiveAcks) {
            repairOption(OPTION_SACK_PERMITTED, 0);
        }
        if (plan.hasTimestamps) {
            repairOption(OPTION_TIMESTAMPS, 0);
            option(TCP_TIMESTAMP, timestamp & ~1); // an odd value would choose microseconds
        }
        window();
    }

    /**
     * struct tcp_repair_window. The new socket would otherwise have to ask for the client's window first, and refuse
     * the answer of a client that acknowledges already what this socket has not sent.
     */
    private void window() {
        value.putInt(0, plan.clientSequence - 1).putInt(4, plan.windowBytes).putInt(8, plan.windowBytes)
                .putInt(12, RECEIVE_WINDOW_BYTES).putInt(16, plan.clientSequence);
        LibC.check("setsockopt(" + socket + ", TCP_REPAIR_WINDOW)", LibC.setsockopt(socket.number(),
                LibC.IPPROTO_TCP, TCP_REPAIR_WINDOW, LibC.addressOf(value), REPAIR_WINDOW_BYTES));
        Reference.reachabilityFence(value);
    }

    /** Sends the bytes and the end; to be called once the outside is open. The kernel sees to the rest. */
    void speak() {
        option(TCP_REPAIR, REPAIR_OFF_QUIETLY);
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.max(1, plan.bytes.length)).put(0, plan.bytes);
        int sent = 0;
        while (sent < plan.bytes.length) {
            long result = LibC.send(socket.number(), LibC.addressOf(bytes) + sent, plan.bytes.length - sent,
                    LibC.MSG_DONTWAIT | LibC.MSG_NOSIGNAL);
            if (result != -Errno.EINTR) {
                sent += (int) LibC.check("send(" + socket + ")", result);
            }
        }
        Reference.reachabilityFence(bytes);
        socket.close();
    }

    private void option(int option, int wanted) {
        socket.option(LibC.IPPROTO_TCP, option, wanted);
    }

    /** struct tcp_repair_opt. */
    private void repairOption(int code, int wanted) {
        value.putInt(0, code).putInt(Integer.BYTES, wanted);
        LibC.check("setsockopt(" + socket + ", TCP_REPAIR_OPTIONS " + code + ")", LibC.setsockopt(socket.number(),
                LibC.IPPROTO_TCP, TCP_REPAIR_OPTIONS, LibC.addressOf(value), REPAIR_OPTION_BYTES));
        Reference.reachabilityFence(value);
    }

    /** struct sockaddr_in: the family in the machine's order, the rest in the network's. */
    private void address(int address, int port) {
        value.putShort(0, (short) LibC.AF_INET);
        ByteBuffer network = value.duplicate().order(ByteOrder.BIG_ENDIAN);
        network.putShort(2, (short) port).putInt(4, address).putLong(8, 0);
    }

    /** Closes it unsaid, where the takeover ends before its time; in repair nothing is sent. */
    @Override
    public void close() {
        socket.close();
    }
}
