package io.holdfast.restore.workload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds and kills process trees that nobody holds a {@link Workload} of. Stateless; any thread. */
public final class ProcessTree {
    /** A process's start is known to a clock tick, 10 ms. */
    private static final long START_SLACK_MS = 1_000;

    private ProcessTree() {
    }

    /**
     * Kills {@code root} and all that descends from it. False when there was nothing. Throws when something is still
     * there after {@code timeoutMs}.
     */
    public static boolean kill(long root, long timeoutMs) {
        long deadlineNanos = System.nanoTime() + timeoutMs * 1_000_000;
        List<Long> pids = WorkloadProcesses.of(root);
        List<PidFd> held = new ArrayList<>();
        try {
            pids.forEach(pid -> PidFd.open(pid).ifPresent(held::add));
            held.forEach(process -> process.signal(PidFd.SIGKILL));
            for (PidFd process : held) {
                if (!process.awaitEnd(Math.max(0, (deadlineNanos - System.nanoTime()) / 1_000_000))) {
                    throw new WorkloadException("killed, but not gone after " + timeoutMs + " ms: one of processes " + pids);
                }
            }
            return !held.isEmpty();
        } finally {
            held.forEach(PidFd::close);
        }
    }

    /** Whether the process is number 1 in a PID namespace below ours. */
    static boolean isFirstOfNamespace(long pid) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("NSpid:")) {
                    String[] numbers = line.strip().split("\\s+");
                    return numbers.length > 2 && numbers[numbers.length - 1].equals("1");
                }
            }
            return false;
        } catch (IOException gone) {
            return false;
        }
    }

    /**
     * The process CRIU wrote down, when it is still that process: number 1 of a namespace, and no younger than the file.
     *
     * @param pidFile may be missing
     */
    public static Optional<Long> restoredRoot(Path pidFile) {
        if (!Files.exists(pidFile)) {
            return Optional.empty();
        }
        try {
            FileTime written = Files.getLastModifiedTime(pidFile);
            String text = Files.readString(pidFile, StandardCharsets.US_ASCII).strip();
            if (text.isEmpty()) {
                return Optional.empty();
            }
            long pid = Long.parseLong(text);
            Instant latest = written.toInstant().plusMillis(START_SLACK_MS);
            return ProcessHandle.of(pid).filter(process -> isFirstOfNamespace(pid))
                .filter(process -> process.info().startInstant().filter(start -> !start.isAfter(latest)).isPresent())
                .map(ProcessHandle::pid);
        } catch (IOException | NumberFormatException e) {
            throw new WorkloadException("cannot tell from " + pidFile + " whether a restored workload is left over", e);
        }
    }
}
