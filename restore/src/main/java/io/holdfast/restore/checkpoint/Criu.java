package io.holdfast.restore.checkpoint;

import io.holdfast.restore.workload.ProcessTree;
import io.holdfast.restore.workload.WorkloadProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * The CRIU program: checks it, dumps and restores process trees with it. Any thread may call it.
 *
 * <p>The gate is the network lock, so CRIU sets up none ({@code --network-lock skip}); connections in mid-handshake are
 * left out of the image ({@code --skip-in-flight}) and rebuilt from the journal. The workload has to share CRIU's mount
 * and network namespaces and to be number 1 of a PID namespace of its own. Options are those of criu(8), version 4.2.
 */
public final class Criu {
    static final String GO = "go";
    static final String STOP = "stop";
    static final String PRE_DUMP = "pre-dump";
    static final String POST_DUMP = "post-dump";
    /**
     * CRIU runs this before it touches the workload and again when the image is written and everything stands still; it
     * goes on when the script ends well and rolls back when it does not. CRIU closes the script's input, but its own is a
     * pipe from us, whose other end is closed when we die: then {@code read} fails and the workload runs on.
     */
    private static final String SCRIPT = """
        #!/bin/sh
        case "$CRTOOLS_SCRIPT_ACTION" in
            pre-dump|post-dump) ;;
            *) exit 0 ;;
        esac
        echo "$CRTOOLS_SCRIPT_ACTION" >"/proc/$PPID/fd/1" || exit 1
        read -r word <"/proc/$PPID/fd/0" && [ "$word" = go ]
        """;
    private static final String SCRIPT_NAME = "dump-steps.sh";
    private static final String RUN_PREFIX = "run-";
    private static final long KILL_TIMEOUT_MS = 5_000;
    private static final int FAILED_RUNS_KEPT = 10;
    private static final String MINIMUM_VERSION = "4.2";
    private static final List<String> COMMON = List.of("--tcp-established", "--network-lock", "skip", "--file-locks",
        "--manage-cgroups=ignore", "--skip-in-flight", "--ext-unix-sk", "--link-remap", "--log-file", CriuRun.LOG_NAME, "-v4");
    /** Files that were deleted while open travel in the image up to this size. */
    private static final List<String> DUMP_ONLY = List.of("--leave-running", "--ghost-limit", "64M");

    private final Path program;
    private final Path workDirectory;
    private final long timeoutMs;

    /**
     * @param workDirectory this object's own; holds logs of failed runs. Must not be mounted {@code noexec}
     * @param timeoutMs     bound of one dump or restore, whatever the caller does meanwhile included
     */
    public Criu(Path program, Path workDirectory, long timeoutMs) {
        if (timeoutMs <= 0) {
            throw new IllegalArgumentException("timeoutMs is " + timeoutMs);
        }
        this.program = program;
        this.workDirectory = workDirectory.toAbsolutePath();
        this.timeoutMs = timeoutMs;
        try {
            Files.createDirectories(workDirectory);
            Path script = workDirectory.resolve(SCRIPT_NAME);
            Files.writeString(script, SCRIPT, StandardCharsets.US_ASCII);
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare " + workDirectory, e);
        }
    }

    /** Runs CRIU's own check, and sees to it that CRIU remembers what it finds out about the kernel. */
    public CriuCheck check() {
        return new CriuProbe(program, MINIMUM_VERSION, timeoutMs).check();
    }

    /**
     * Starts CRIU up to the point where it would stop the workload.
     *
     * @param pid            the first process of the workload
     * @param imageDirectory exists and is empty
     * @param maxImageBytes  a workload with more memory than this is refused before anything is done to it
     */
    public PreparedDump prepareDump(long pid, Path imageDirectory, long maxImageBytes) {
        long memoryBytes = WorkloadProcesses.anonymousBytes(pid);
        if (memoryBytes > maxImageBytes) {
            throw new CheckpointTooLargeException("the workload has " + memoryBytes + " bytes of memory, the bound is "
                + maxImageBytes);
        }
        List<String> command = command("dump", imageDirectory);
        command.addAll(DUMP_ONLY);
        command.addAll(List.of("--tree", Long.toString(pid), "--action-script", workDirectory.resolve(SCRIPT_NAME).toString()));
        CriuRun run = start("the dump of process " + pid, command);
        boolean waiting = false;
        try {
            run.await(PRE_DUMP);
            waiting = true;
            return new PreparedDump(run, pid);
        } finally {
            if (!waiting) {
                run.kill();
            }
        }
    }

    /** As preparing and running in one go. */
    public DumpResult dump(long pid, Path imageDirectory, long maxImageBytes, Runnable whileStill) {
        try (PreparedDump dump = prepareDump(pid, imageDirectory, maxImageBytes)) {
            return dump.run(whileStill);
        }
    }

    /**
     * Brings a dumped tree back. The files it had open must be there again, and its addresses on this machine.
     *
     * <p>Nothing is left running when this throws.
     *
     * @param pidFile does not exist; receives the number of the tree's first process
     * @param started told CRIU's own process number before it is waited for
     */
    public RestoredTree restore(Path imageDirectory, Path pidFile, LongConsumer started) {
        long beginNanos = System.nanoTime();
        List<String> command = command("restore", imageDirectory);
        command.addAll(List.of("--restore-detached", "--pidfile", pidFile.toAbsolutePath().toString()));
        CriuRun run = start("the restore from " + imageDirectory, command);
        boolean restored = false;
        try {
            started.accept(run.pid());
            run.awaitSuccess();
            long endNanos = System.nanoTime();
            long pid = Long.parseLong(Files.readString(pidFile, StandardCharsets.US_ASCII).strip());
            restored = true;
            return new RestoredTree(pid, (endNanos - beginNanos) / 1_000);
        } catch (IOException e) {
            throw new UncheckedIOException("CRIU restored from " + imageDirectory + " but its pid file cannot be read", e);
        } finally {
            if (restored) {
                run.deleteDirectory();
            } else {
                run.kill();
                // CRIU may have ended well, and not we: then what it restored is no longer below it.
                ProcessTree.restoredRoot(pidFile).ifPresent(root -> ProcessTree.kill(root, KILL_TIMEOUT_MS));
            }
        }
    }

    private List<String> command(String action, Path imageDirectory) {
        List<String> command = new ArrayList<>(List.of(program.toString(), action, "--images-dir",
            imageDirectory.toAbsolutePath().toString()));
        command.addAll(COMMON);
        return command;
    }

    private CriuRun start(String what, List<String> command) {
        try {
            dropOldRuns();
            Path directory = Files.createTempDirectory(workDirectory, RUN_PREFIX + System.currentTimeMillis() + "-");
            command.addAll(List.of("--work-dir", directory.toString()));
            return new CriuRun(what, command, directory, timeoutMs);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a directory for " + what, e);
        }
    }

    /** Runs that ended well remove their directories; of the others the last few are kept, to be read by somebody. */
    private void dropOldRuns() throws IOException {
        try (Stream<Path> entries = Files.list(workDirectory)) {
            List<Path> runs = entries.filter(path -> path.getFileName().toString().startsWith(RUN_PREFIX))
                .sorted(Comparator.reverseOrder()).toList();
            runs.stream().skip(FAILED_RUNS_KEPT).forEach(Directories::delete);
        }
    }
}
