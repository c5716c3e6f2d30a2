package io.holdfast.cli.doctor;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** TCP_REPAIR on a socket taken from a process with pidfd_getfd(2): how a restored connection gets its clock set. */
final class TcpRepair implements Capability {

    /** include/uapi/linux/tcp.h. */
    private static final int TCP_REPAIR = 19;
    private static final int TCP_REPAIR_QUEUE = 20;
    private static final int TCP_QUEUE_SEQ = 21;
    private static final int TCP_TIMESTAMP = 24;
    private static final int TCP_SEND_QUEUE = 2;
    private static final int SYS_PIDFD_OPEN = 434;
    private static final int SYS_PIDFD_GETFD = 438;
    private static final int SEQUENCE = 0x1234567;

    @Override
    public String name() {
        return "TCP_REPAIR";
    }

    @Override
    public String remedy() {
        return "needs CAP_NET_ADMIN, Linux 5.6 or newer, and pidfd_getfd allowed by the container's seccomp profile";
    }

    @Override
    public String tryOut() {
        try (Descriptor socket = Descriptor.socket(LibC.AF_INET, LibC.SOCK_STREAM, 0, "tcp");
                Descriptor self = pidFd(ProcessHandle.current().pid());
                Descriptor taken = take(self, socket)) {
            taken.option(LibC.IPPROTO_TCP, TCP_REPAIR, 1);
            taken.option(LibC.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
            taken.option(LibC.IPPROTO_TCP, TCP_QUEUE_SEQ, SEQUENCE);
            taken.option(LibC.IPPROTO_TCP, TCP_TIMESTAMP, 1);
            int sequence = option(taken, TCP_QUEUE_SEQ);
            if (sequence != SEQUENCE) {
                throw new CapabilityException("the send sequence was set to " + SEQUENCE + " and reads " + sequence);
            }
        }
        return "sequence and clock of a socket set through pidfd_getfd";
    }

    private static Descriptor pidFd(long pid) {
        long fd = LibC.check("pidfd_open", LibC.syscall(SYS_PIDFD_OPEN, pid, 0, 0));
        return new Descriptor((int) fd, "pidfd");
    }

    private static Descriptor take(Descriptor process, Descriptor socket) {
        long fd = LibC.check("pidfd_getfd", LibC.syscall(SYS_PIDFD_GETFD, process.number(), socket.number(), 0));
        return new Descriptor((int) fd, "tcp socket taken");
    }

    private static int option(Descriptor socket, int option) {
        ByteBuffer value = LibC.direct(Integer.BYTES);
        ByteBuffer length = LibC.direct(Integer.BYTES).putInt(0, Integer.BYTES);
        LibC.check("getsockopt(" + option + ")", LibC.getsockopt(socket.number(), LibC.IPPROTO_TCP, option,
                LibC.addressOf(value), LibC.addressOf(length)));
        Reference.reachabilityFence(length);
        return value.getInt(0);
    }
}
