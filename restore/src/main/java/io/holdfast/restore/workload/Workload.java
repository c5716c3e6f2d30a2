package io.holdfast.restore.workload;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running workload: the tree of processes below the first process of a PID namespace. Any thread may call it; a
 * thread of its own waits for its end.
 *
 * <p>The workload is session leader and number 1 of a PID namespace, so that its process numbers are free wherever its
 * image is restored, and killing number 1 kills all of it. It shares the node's mount and network namespaces: files are
 * reopened by path, addresses are the node's. It does not end with the node: a node that crashed finds what it left
 * behind through {@link #killLeftover}.
 */
public final class Workload {
    private static final Logger LOG = LoggerFactory.getLogger(Workload.class);
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    /**
     * Waits for the word before it starts anything: by then the node has written down this shell's pid. If the node dies
     * first, the word never comes. The outer session keeps a terminal's signals away from unshare, whose end nobody
     * should mistake for the workload's; the inner one is the workload's own (it needs no fork: process 1 of a fresh
     * namespace leads no process group in it). The node's threads may run at a better priority and by another policy; the
     * workload's do not.
     */
    private static final String LAUNCH = "read -r word && [ \"$word\" = go ] || exit 125; renice -n 0 -p $$ >/dev/null; "
        + "chrt --other --pid 0 $$; exec setsid unshare --pid --fork setsid \"$@\" </dev/null";
    /** The program that {@link #LAUNCH} runs last before the workload's own. */
    private static final String LAUNCHED_BY = "setsid";
    private static final long LAUNCH_TIMEOUT_MS = 5_000;
    private static final long POLL_NANOS = 500_000;
    private static final long REAP_TIMEOUT_MS = 5_000;
    private static final int TCP_LISTEN = 0x0A;

    private final WorkloadSpec spec;
    private final Path stateFile;
    private final long pid;
    private final PidFd process;
    private final CompletableFuture<WorkloadExit> exit = new CompletableFuture<>();
    private final Object signalLock = new Object();

    private Workload(WorkloadSpec spec, Path stateFile, long pid, PidFd process, Process launcher) {
        this.spec = spec;
        this.stateFile = stateFile;
        this.pid = pid;
        this.process = process;
        Thread watcher = new Thread(() -> watch(launcher), "workload-" + pid);
        watcher.setDaemon(true);
        watcher.start();
    }

    /**
     * Starts the program afresh.
     *
     * @param stateFile where this node keeps which processes are the workload's, for {@link #killLeftover}
     */
    public static Workload start(WorkloadSpec spec, Path stateFile) {
        requireStartable(spec);
        Process launcher = launch(spec);
        try {
            WorkloadRecord.Entry launcherEntry = WorkloadRecord.Entry.of(launcher.pid());
            WorkloadRecord.now(List.of(launcherEntry), null).write(stateFile);
            launcher.getOutputStream().write("go\n".getBytes(StandardCharsets.US_ASCII));
            launcher.getOutputStream().close();
            long pid = awaitFirstProcess(spec, launcher);
            PidFd process = PidFd.open(pid).orElseThrow(() -> new WorkloadException(
                spec.command().get(0) + " ended at once" + statusOf(launcher)));
            WorkloadRecord.now(List.of(launcherEntry, WorkloadRecord.Entry.of(pid)), null).write(stateFile);
            LOG.info("started {} as process {}", spec.command().get(0), pid);
            return new Workload(spec, stateFile, pid, process, launcher);
        } catch (IOException | RuntimeException e) {
            ProcessTree.kill(launcher.pid(), REAP_TIMEOUT_MS);
            throw e instanceof WorkloadException known ? known
                : new WorkloadException("cannot start " + spec.command().get(0), e);
        }
    }

    /** Brings a process tree back from an image; see {@link #restore}. */
    @FunctionalInterface
    public interface Restorer {
        /**
         * @param pidFile does not exist; receives the number of the tree's first process, as this node sees it
         * @param started told the number of the process that does the work, as soon as there is one
         * @return the number written to {@code pidFile}
         */
        long restore(Path pidFile, LongConsumer started);
    }

    /** Has the workload restored and takes charge of it. What {@code restorer} throws is passed on. */
    public static Workload restore(WorkloadSpec spec, Path stateFile, Restorer restorer) {
        Path pidFile = stateFile.resolveSibling(stateFile.getFileName() + ".restored-pid").toAbsolutePath();
        try {
            Files.deleteIfExists(pidFile);
        } catch (IOException e) {
            throw new WorkloadException("cannot delete " + pidFile, e);
        }
        WorkloadRecord.now(List.of(), pidFile).write(stateFile);
        // CRIU may have ended before it is written down; then only the pid file leads to what it restored.
        long pid = restorer.restore(pidFile, worker -> WorkloadRecord.Entry.find(worker)
            .ifPresent(entry -> WorkloadRecord.now(List.of(entry), pidFile).write(stateFile)));
        try {
            PidFd process = PidFd.open(pid)
                .orElseThrow(() -> new WorkloadException("the restored process " + pid + " ended at once"));
            WorkloadRecord.now(List.of(WorkloadRecord.Entry.of(pid)), null).write(stateFile);
            LOG.info("took charge of restored process {}", pid);
            return new Workload(spec, stateFile, pid, process, null);
        } catch (RuntimeException e) {
            ProcessTree.kill(pid, REAP_TIMEOUT_MS);
            throw e;
        }
    }

    /** The number of the first process of the tree, as the node sees it. */
    public long pid() {
        return pid;
    }

    public WorkloadSpec spec() {
        return spec;
    }

    /** All processes of the tree, the first one first. */
    public List<Long> processes() {
        return WorkloadProcesses.of(pid);
    }

    public boolean isAlive() {
        return !exit.isDone() && ProcessStat.of(pid).filter(stat -> !stat.hasEnded()).isPresent();
    }

    /** Whether what the kernel sends for it is its own doing: it runs, and has not begun to end. */
    public boolean isIntact() {
        return !exit.isDone() && ProcessStat.of(pid).filter(stat -> !stat.isEnding()).isPresent();
    }

    /** Completes when the first process, and with it the whole tree, has ended. Its dependents run on the waiting thread. */
    public CompletableFuture<WorkloadExit> onExit() {
        return exit.copy();
    }

    /** Waits until the program listens on its ready port; false when it does not within {@code timeoutMs}. */
    public boolean awaitReady(long timeoutMs) {
        long deadlineNanos = System.nanoTime() + timeoutMs * 1_000_000;
        while (spec.readyPort() != 0 && !listensOn(spec.readyPort())) {
            if (!isAlive() || System.nanoTime() - deadlineNanos > 0) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return isAlive();
    }

    /** Asks the program to end, and kills it when it has not within its {@code stopTimeoutMs}. */
    public void stop() {
        if (signal(PidFd.SIGTERM) && !awaitExit(spec.stopTimeoutMs())) {
            LOG.warn("process {} did not end within {} ms of SIGTERM: killing it", pid, spec.stopTimeoutMs());
        }
        kill(REAP_TIMEOUT_MS);
    }

    /** Kills the whole tree and returns once nothing is left of it; throws when something is after {@code timeoutMs}. */
    public void kill(long timeoutMs) {
        if (signal(PidFd.SIGKILL) && !awaitExit(timeoutMs)) {
            throw new WorkloadException("killed, but not gone after " + timeoutMs + " ms: processes " + processes());
        }
        deleteRecord(stateFile);
    }

    /**
     * Kills what a node that crashed left behind of its workload; to be called before a node starts one. True when there
     * was something. Throws when something is still there after {@code timeoutMs}.
     */
    public static boolean killLeftover(Path stateFile, long timeoutMs) {
        Optional<WorkloadRecord> found = WorkloadRecord.read(stateFile);
        boolean any = false;
        if (found.isPresent() && found.get().matchesBoot()) {
            List<Long> roots = new ArrayList<>();
            found.get().processes().stream().filter(WorkloadRecord.Entry::lives).forEach(entry -> roots.add(entry.pid()));
            if (found.get().pidFile() != null) {
                ProcessTree.restoredRoot(Path.of(found.get().pidFile())).ifPresent(roots::add);
            }
            for (long root : roots) {
                LOG.warn("killing process {} and all below it: left over from an earlier run ({})", root, stateFile);
                any |= ProcessTree.kill(root, timeoutMs);
            }
        }
        deleteRecord(stateFile);
        return any;
    }

    private void watch(Process launcher) {
        process.awaitEnd(-1);
        OptionalInt status = launcher == null ? OptionalInt.empty() : awaitStatus(launcher);
        synchronized (signalLock) {
            exit.complete(new WorkloadExit(pid, status));
            process.close();
        }
        LOG.info("workload process {} ended{}", pid, status.isPresent() ? " with status " + status.getAsInt() : "");
    }

    private boolean awaitExit(long timeoutMs) {
        try {
            exit.get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WorkloadException("interrupted while waiting for the end of process " + pid, e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing completes this future with a failure", e);
        }
    }

    /** False when the process has ended. */
    private boolean signal(int signal) {
        synchronized (signalLock) {
            return !exit.isDone() && process.signal(signal);
        }
    }

    private boolean listensOn(int port) {
        return listensOn(port, "tcp") || listensOn(port, "tcp6");
    }

    /** Asks the kernel rather than the program: a connection made to find out would be one the program has to serve. */
    private boolean listensOn(int port, String table) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/net/" + table), StandardCharsets.US_ASCII)) {
                String[] fields = line.strip().split("\\s+");
                if (fields.length > 3 && fields[1].endsWith(String.format(":%04X", port))
                    && Integer.parseInt(fields[3], 16) == TCP_LISTEN) {
                    return true;
                }
            }
            return false;
        } catch (IOException goneOrNoSuchProtocol) {
            return false;
        }
    }

    private static void requireStartable(WorkloadSpec spec) {
        Path program = Path.of(spec.command().get(0));
        if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
            throw new WorkloadException(program + " is not an executable file");
        }
        if (!Files.isDirectory(spec.workingDirectory())) {
            throw new WorkloadException("the working directory " + spec.workingDirectory() + " does not exist");
        }
    }

    private static Process launch(WorkloadSpec spec) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", LAUNCH, "holdfast-launch"));
        command.addAll(spec.command());
        File output = spec.output().toFile();
        ProcessBuilder builder = new ProcessBuilder(command).directory(spec.workingDirectory().toFile())
            .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(output));
        builder.environment().clear();
        builder.environment().put("PATH", PATH);
        builder.environment().putAll(spec.environment());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new WorkloadException("cannot start a shell for " + spec.command().get(0), e);
        }
    }

    private static long awaitFirstProcess(WorkloadSpec spec, Process launcher) {
        long deadlineNanos = System.nanoTime() + LAUNCH_TIMEOUT_MS * 1_000_000;
        while (System.nanoTime() - deadlineNanos < 0) {
            List<Long> tree = WorkloadProcesses.of(launcher.pid());
            if (tree.size() > 1 && isUnderWay(tree.get(1))) {
                return tree.get(1);
            }
            if (!launcher.isAlive()) {
                throw new WorkloadException(spec.command().get(0) + " ended at once" + statusOf(launcher));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        throw new WorkloadException(spec.command().get(0) + " was not started within " + LAUNCH_TIMEOUT_MS + " ms");
    }

    /**
     * Before it leads its own session, CRIU would refuse it; and as long as it is still {@code setsid} an exec is to come,
     * which takes away the memory a dump has just put its code into.
     */
    private static boolean isUnderWay(long pid) {
        return ProcessTree.isFirstOfNamespace(pid)
            && ProcessStat.of(pid).filter(ProcessStat::leadsItsSession).isPresent() && !runs(pid, LAUNCHED_BY);
    }

    private static boolean runs(long pid, String program) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "exe")).endsWith(program);
        } catch (IOException e) {
            return false; // it has ended, which whoever waits for it finds out
        }
    }

    private static String statusOf(Process launcher) {
        OptionalInt status = awaitStatus(launcher);
        return status.isPresent() ? " with status " + status.getAsInt() : "";
    }

    private static OptionalInt awaitStatus(Process launcher) {
        try {
            return launcher.waitFor(REAP_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                ? OptionalInt.of(launcher.exitValue()) : OptionalInt.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalInt.empty();
        }
    }

    private static void deleteRecord(Path stateFile) {
        try {
            Files.deleteIfExists(stateFile);
        } catch (IOException e) {
            throw new WorkloadException("cannot delete " + stateFile, e);
        }
    }
}
