package io.holdfast.restore.workload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code /proc/<pid>/stat} says of a process at one moment (proc(5)). Immutable.
 *
 * @param state      R, S, D, T (stopped), t (traced), Z (ended, not waited for), ...
 * @param startTicks clock ticks after boot at which it started: with the pid it names one process for the life of the
 *                   machine, which the pid alone does not
 * @param flags      PF_ flags of the kernel (include/linux/sched.h)
 * @param sessionId  pid of the leader of its session
 */
record ProcessStat(long pid, char state, long startTicks, long flags, long sessionId) {
    private static final int SESSION_FIELD = 6 - 3;
    private static final int PF_EXITING = 0x4;
    private static final int FLAGS_FIELD = 9 - 3;
    /** Counted from the field after the command name, which is the third. */
    private static final int START_TICKS_FIELD = 22 - 3;

    /** Empty when there is no such process. */
    static Optional<ProcessStat> of(long pid) {
        String stat;
        try {
            stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
            // Opening fails with ENOENT, reading with ESRCH when the process ended in between.
            return Optional.empty();
        }
        // The command name stands in parentheses and may hold any byte, so the last one is what counts.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Optional.of(new ProcessStat(pid, fields[0].charAt(0), Long.parseLong(fields[START_TICKS_FIELD]),
            Long.parseLong(fields[FLAGS_FIELD]), Long.parseLong(fields[SESSION_FIELD])));
    }

    boolean isStopped() {
        return state == 'T' || state == 't';
    }

    /** Has ended or is about to: set before the kernel closes the process's files (kernel/exit.c, do_exit). */
    boolean isEnding() {
        return hasEnded() || (flags & PF_EXITING) != 0;
    }

    boolean leadsItsSession() {
        return sessionId == pid;
    }

    boolean hasEnded() {
        return state == 'Z' || state == 'X';
    }
}
