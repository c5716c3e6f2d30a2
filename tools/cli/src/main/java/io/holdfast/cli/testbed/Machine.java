package io.holdfast.cli.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * One machine of the testbed: a network namespace, a mount namespace with a private view of the file system, and the
 * processes in them. Owned by the thread that drives the testbed.
 *
 * <p>A <i>holder</i> process keeps the mount namespace while no node process runs, as a machine's file systems stay
 * mounted when a daemon dies. The disk survives everything, a power cut included.
 */
public final class Machine {

    private static final String READY = "holdfast-machine-ready";

    /**
     * Run inside the new network namespace. The mounts of other testbeds' namespaces are let go first: a copy of them
     * here would keep those namespaces alive after their removal. /run and /dev/shm are a machine's own (xtables.lock,
     * CRIU's caches); the other nodes' disks are covered. After a power cut the kernel's boot id is another one.
     */
    private static final String HOLDER = """
            set -e
            while umount -l /run/netns 2>/dev/null; do :; done
            mount --bind '%1$s' '%2$s'
            mount -t tmpfs -o mode=755 holdfast-nothing '%3$s'
            mount -t tmpfs -o mode=755 holdfast-run /run
            mount -t tmpfs -o mode=1777 holdfast-shm /dev/shm
            [ ! -e '%5$s' ] || mount --bind '%5$s' /proc/sys/kernel/random/boot_id
            echo %4$s
            exec sleep infinity
            """;

    private final Layout layout;
    private final Switch network;
    private final int number;
    private Process holder;
    private Process node;
    private int starts;

    Machine(Layout layout, Switch network, int number) {
        this.layout = layout;
        this.network = network;
        this.number = number;
    }

    public int number() {
        return number;
    }

    public String name() {
        return layout.nodeName(number);
    }

    public String namespace() {
        return layout.nodeNamespace(number);
    }

    void powerOn() {
        SystemCommand.run("ip", "netns", "add", namespace());
        network.plug(name(), namespace(), layout.nodeAddress(number));
        try {
            holder = new ProcessBuilder("setsid", "ip", "netns", "exec", namespace(),
                    "unshare", "--mount", "--propagation", "private", "sh", "-c",
                    HOLDER.formatted(layout.disk(number), layout.machine(), layout.disks(), READY, layout.bootId(number)))
                    .redirectErrorStream(true).start();
            holder.getOutputStream().close();
            String line = holder.inputReader().readLine();
            if (!READY.equals(line)) {
                throw new TestbedException("machine " + name() + " does not come up: " + line);
            }
        } catch (IOException e) {
            throw new TestbedException("machine " + name() + " does not come up", e);
        }
    }

    /** Starts the node process, or whatever stands for it, in this machine; its output goes to a log of its own. */
    public void start(List<String> command) {
        if (running()) {
            throw new IllegalStateException(name() + " is running as process " + node.pid());
        }
        if (!holder.isAlive()) {
            throw new IllegalStateException(name() + " is switched off: reboot it first");
        }
        List<String> inside = new ArrayList<>(List.of("setsid", "nsenter", "--target", Long.toString(holder.pid()),
                "--mount", "--net"));
        inside.addAll(command);
        starts++;
        try {
            Path log = log(starts);
            node = new ProcessBuilder(inside)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            node.getOutputStream().close();
        } catch (IOException e) {
            throw new TestbedException("cannot start a node on " + name(), e);
        }
    }

    /** Runs a command in this machine to its end, e.g. {@code ip address show}. */
    public SystemCommand.Result run(String... command) {
        List<String> inside = new ArrayList<>(List.of("nsenter", "--target", Long.toString(holder.pid()),
                "--mount", "--net"));
        inside.addAll(Arrays.asList(command));
        return SystemCommand.attempt(inside.toArray(String[]::new));
    }

    public boolean running() {
        return node != null && node.isAlive();
    }

    /** The process id of the node process last started. */
    public long pid() {
        if (node == null) {
            throw new IllegalStateException(name() + " was never started");
        }
        return node.pid();
    }

    /** Where the node's latest process writes its output. */
    public Path log() {
        return log(starts);
    }

    private Path log(int start) {
        return layout.logs().resolve(name() + "." + start + ".log");
    }

    /** Every process here but the node process itself and what holds the machine up. */
    public List<Long> workloadPids() {
        String output = SystemCommand.run("ip", "netns", "pids", namespace());
        return output.lines().map(String::strip).filter(line -> !line.isEmpty()).map(Long::valueOf)
                .filter(pid -> pid != holder.pid() && (node == null || pid != node.pid()))
                .toList();
    }

    /** Does one thing to this machine; returns the System.nanoTime() at which it had happened. */
    public long inflict(Fault fault) {
        return switch (fault) {
            case CRASH -> crash();
            case DAEMON -> killDaemon();
            case WORKLOAD -> killWorkload();
            case LINK -> linkDown();
            case FREEZE -> freeze();
            case SWITCHOVER -> throw new IllegalArgumentException("a switchover is the node's own doing");
        };
    }

    /**
     * Ends the machine at once. The link goes first, by about a millisecond: a dead machine sends no FIN and no RST,
     * and the kernel would send them for the killed processes otherwise.
     */
    public long crash() {
        StringBuilder script = new StringBuilder(String.join(" ", network.portDownCommand(name())));
        script.append(" && kill -9 ").append(node.pid());
        workloadPids().forEach(pid -> script.append(' ').append(pid));
        long started = System.nanoTime();
        // A process that ended by itself between the listing and the kill is no failure.
        SystemCommand.attempt("sh", "-c", script.toString());
        awaitEnd();
        killRest();
        return started;
    }

    /** {@code kill -9} of the node process alone. */
    public long killDaemon() {
        node.toHandle().destroyForcibly();
        long at = System.nanoTime();
        awaitEnd();
        return at;
    }

    /** Kills the node process wherever it is by now, if there is one; does not wait. */
    void killNode() {
        if (node != null) {
            node.toHandle().destroyForcibly();
        }
    }

    /** {@code kill -9} of every process of the workload. */
    public long killWorkload() {
        List<Long> pids = workloadPids();
        if (pids.isEmpty()) {
            throw new TestbedException("no workload runs on " + name());
        }
        long at = System.nanoTime();
        pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        return at;
    }

    /** Stops the node process in mid-step. */
    public long freeze() {
        signal("STOP");
        return System.nanoTime();
    }

    public void thaw() {
        signal("CONT");
    }

    public long linkDown() {
        network.port(name(), false);
        return System.nanoTime();
    }

    public void linkUp() {
        network.port(name(), true);
    }

    /**
     * Power off and on: whatever ran is gone, and so is everything the kernel knew (addresses, rules, devices).
     * The disk stays, all that was written to it included, as after an orderly shutdown of the kernel. Nothing is started.
     */
    public void reboot() {
        killRest();
        // The cable first: the kernel clears a deleted namespace in its own time, and the port's name must be free.
        network.unplug(name());
        SystemCommand.run("ip", "netns", "del", namespace());
        powerOn();
    }

    /**
     * As {@link #reboot()}, but the nodes started from now on see that the kernel has been started anew: what was written and
     * not forced may be lost. Losing it is the caller's part.
     */
    public void rebootAfterPowerCut() {
        try {
            Files.createDirectories(layout.bootId(number).getParent());
            Files.writeString(layout.bootId(number), UUID.randomUUID() + "\n");
        } catch (IOException e) {
            throw new TestbedException("cannot give " + name() + " another boot id", e);
        }
        reboot();
    }

    /** SIGTERM to the node process: it leaves cleanly. Returns its exit code. */
    public int terminate(long boundMs) {
        node.destroy();
        try {
            if (!node.waitFor(boundMs, TimeUnit.MILLISECONDS)) {
                throw new TestbedException("node on " + name() + " did not leave within " + boundMs + " ms");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TestbedException("interrupted", e);
        }
        return node.exitValue();
    }

    /** The last lines of the node's log, for a message. */
    public String logTail(int lines) {
        try {
            List<String> all = Files.readAllLines(log());
            return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    private void signal(String signal) {
        SystemCommand.run("sh", "-c", "kill -" + signal + " " + node.pid());
    }

    private void awaitEnd() {
        try {
            if (!node.waitFor(10, TimeUnit.SECONDS)) {
                throw new TestbedException("process " + node.pid() + " of " + name() + " outlived kill -9");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TestbedException("interrupted", e);
        }
    }

    /** Kills whatever is left here, the holder too: processes may have been starting others while they were killed. */
    private void killRest() {
        SystemCommand.run("sh", "-c", "tries=0; while pids=$(ip netns pids " + namespace() + ") && [ -n \"$pids\" ]"
                + " && [ $tries -lt 200 ]; do kill -9 $pids 2>/dev/null; tries=$((tries + 1)); sleep 0.01; done;"
                + " [ -z \"$pids\" ]");
    }
}
