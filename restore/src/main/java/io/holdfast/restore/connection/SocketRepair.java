package io.holdfast.restore.connection;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.SystemCallException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * A socket of another process, borrowed to read and mend its TCP state; owned by one thread.
 *
 * <p>pidfd_getfd(2) gives a second descriptor of the same socket; closing it leaves the process's own open. Mending
 * uses TCP_REPAIR (net/ipv4/tcp.c, do_tcp_setsockopt), which needs CAP_NET_ADMIN. While a socket is in repair its
 * process cannot write to it (EINVAL), so each mending enters and leaves repair within a few microseconds, and the
 * caller sees to it that the workload has nothing to do meanwhile.
 */
public final class SocketRepair implements AutoCloseable {
    private static final long SYS_PIDFD_OPEN = 434;
    private static final long SYS_PIDFD_GETFD = 438;
    private static final int TCP_INFO = 11;
    private static final int TCP_REPAIR = 19;
    private static final int TCP_REPAIR_QUEUE = 20;
    private static final int TCP_QUEUE_SEQ = 21;
    private static final int TCP_TIMESTAMP = 24;
    private static final int TCP_REPAIR_ON = 1;
    /** Off without the window probe that 0 would send (TCP_REPAIR_OFF_NO_WP). */
    private static final int TCP_REPAIR_OFF_QUIETLY = -1;
    private static final int TCP_RECV_QUEUE = 1;
    private static final int TCP_SEND_QUEUE = 2;

    private final Descriptor socket;
    private final ByteBuffer value = LibC.direct(TcpInfo.BYTES);
    private final ByteBuffer length = LibC.direct(Integer.BYTES);

    private SocketRepair(Descriptor socket) {
        this.socket = socket;
    }

    /** Borrows a socket. Returns null when the process or its descriptor is gone. */
    public static SocketRepair borrow(int pid, int fd) {
        int pidFd = (int) LibC.syscall(SYS_PIDFD_OPEN, pid, 0, 0);
        if (pidFd == -Errno.ESRCH) {
            return null;
        }
        LibC.check("pidfd_open(" + pid + ")", pidFd);
        try (Descriptor process = new Descriptor(pidFd, "pidfd " + pid)) {
            int copy = (int) LibC.syscall(SYS_PIDFD_GETFD, process.number(), fd, 0);
            if (copy == -Errno.ESRCH || copy == -Errno.EBADF) {
                return null;
            }
            LibC.check("pidfd_getfd(" + pid + ", " + fd + ")", copy);
            return new SocketRepair(new Descriptor(copy, "socket " + fd + " of process " + pid));
        }
    }

    /** The timestamp the socket would send now. Its lowest bit says whether it counts microseconds, not milliseconds. */
    public int timestamp() {
        return get(TCP_TIMESTAMP);
    }

    /**
     * Sets the clock of the socket's timestamps. The lowest bit of the value would choose the unit
     * (net/ipv4/tcp.c, TCP_TIMESTAMP), so the one in force is kept.
     */
    public void timestamp(int wanted) {
        int unit = timestamp() & 1;
        inRepair(() -> set(TCP_TIMESTAMP, wanted & ~1 | unit));
    }

    /** The sequence number after the last byte the workload has written. */
    public int sendSequence() {
        return queueSequence(TCP_SEND_QUEUE);
    }

    /** The sequence number after the last byte that has arrived in order. */
    public int receiveSequence() {
        return queueSequence(TCP_RECV_QUEUE);
    }

    private int queueSequence(int queue) {
        int[] sequence = new int[1];
        inRepair(() -> {
            set(TCP_REPAIR_QUEUE, queue);
            sequence[0] = get(TCP_QUEUE_SEQ);
        });
        return sequence[0];
    }

    public TcpInfo info() {
        int got = read(TCP_INFO, TcpInfo.BYTES);
        return TcpInfo.read(value, 0, got);
    }

    private void inRepair(Runnable mending) {
        set(TCP_REPAIR, TCP_REPAIR_ON);
        try {
            mending.run();
        } finally {
            set(TCP_REPAIR, TCP_REPAIR_OFF_QUIETLY);
        }
    }

    private void set(int option, int wanted) {
        value.putInt(0, wanted);
        int result = LibC.setsockopt(socket.number(), LibC.IPPROTO_TCP, option, LibC.addressOf(value), Integer.BYTES);
        Reference.reachabilityFence(value);
        if (result < 0) {
            throw new SystemCallException("setsockopt(" + socket + ", TCP " + option + ")", -result);
        }
    }

    private int get(int option) {
        read(option, Integer.BYTES);
        return value.getInt(0);
    }

    private int read(int option, int room) {
        length.putInt(0, room);
        int result = LibC.getsockopt(socket.number(), LibC.IPPROTO_TCP, option, LibC.addressOf(value), LibC.addressOf(length));
        Reference.reachabilityFence(value);
        if (result < 0) {
            throw new SystemCallException("getsockopt(" + socket + ", TCP " + option + ")", -result);
        }
        return length.getInt(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
