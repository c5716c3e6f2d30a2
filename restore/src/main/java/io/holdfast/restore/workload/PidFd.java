package io.holdfast.restore.workload;

import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.PollSet;
import java.util.Optional;

/**
 * A handle of one process that stays this process's when its number is used again (pidfd_open(2)). Any thread may
 * wait or signal; who opened it closes it, once nobody waits any more.
 */
final class PidFd implements AutoCloseable {
    static final int SIGKILL = 9;
    static final int SIGTERM = 15;
    static final int SIGCONT = 18;
    private static final int PIDFD_OPEN = 434;
    private static final int PIDFD_SEND_SIGNAL = 424;

    private final int descriptor;

    private PidFd(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Empty when there is no such process (any more). */
    static Optional<PidFd> open(long pid) {
        long result = LibC.syscall(PIDFD_OPEN, pid, 0, 0);
        if (result == -Errno.ESRCH) {
            return Optional.empty();
        }
        return Optional.of(new PidFd((int) LibC.check("pidfd_open", result)));
    }

    /** False when the process has ended. */
    boolean signal(int signal) {
        long result = LibC.syscall(PIDFD_SEND_SIGNAL, descriptor, signal, 0);
        if (result == -Errno.ESRCH) {
            return false;
        }
        LibC.check("pidfd_send_signal", result);
        return true;
    }

    /**
     * Waits until the process has ended, at most {@code timeoutMs} (-1: for ever); false when it has not.
     *
     * <p>The first process of a PID namespace ends only after the kernel has killed and reaped all the others in it
     * (zap_pid_ns_processes, kernel/pid_namespace.c), so for it this means the whole tree.
     */
    boolean awaitEnd(long timeoutMs) {
        PollSet poll = new PollSet(descriptor);
        long deadlineNanos = System.nanoTime() + timeoutMs * 1_000_000;
        while (true) {
            long leftMs = timeoutMs < 0 ? -1 : Math.max(0, (deadlineNanos - System.nanoTime() + 999_999) / 1_000_000);
            if (poll.await((int) Math.min(leftMs, Integer.MAX_VALUE)) > 0) {
                return true;
            }
            if (leftMs == 0) {
                return false;
            }
        }
    }

    @Override
    public void close() {
        LibC.check("close", LibC.close(descriptor));
    }
}
