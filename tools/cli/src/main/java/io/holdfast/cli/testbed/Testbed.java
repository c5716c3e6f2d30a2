package io.holdfast.cli.testbed;

import io.holdfast.consensus.security.ClusterKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * A small data centre on one machine: N nodes and a client, each in namespaces of its own, joined by a bridge. Owned
 * by the thread that drives it; {@link #close()} may come from any thread and works once.
 *
 * <p>The root namespaces of the host stay untouched: no interface, address or rule is made in them. Needs root.
 */
public final class Testbed implements AutoCloseable {

    /** The class that a node process runs unless told otherwise, with the arguments {@code node --config FILE}. */
    private static final String NODE_MAIN = "io.holdfast.cli.HoldfastCommand";

    /**
     * Three nodes share one machine for a minute: a small heap, a collector without threads of its own, and the first
     * compiler only. Measured on two busy cores, three runs each: with C1 alone a cluster is up in 6 to 12 s instead of
     * 9 to 19 s, and the clients' p50/p99 is 0.4/7 ms instead of 1.0/40 ms, because the second compiler takes the cores
     * for itself in the first minute. What runs for long is better off without it: see {@link #nodeFlags}.
     */
    private static final List<String> NODE_FLAGS = List.of("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError");

    private final Layout layout;
    private final Removal removal;
    private final Switch network;
    private final SenderWatch senders;
    private final List<Machine> machines = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread atExit;
    private List<String> nodeFlags = NODE_FLAGS;
    private String nodeMain = NODE_MAIN;
    private String nodeClassPath = JavaCommand.classPath();

    private Testbed(Layout layout) {
        this.layout = layout;
        this.removal = Removal.prepare(layout);
        this.network = new Switch(layout.switchNamespace());
        this.senders = new SenderWatch(layout.switchNamespace());
        this.atExit = new Thread(this::removeOnce, "remove-" + layout.name());
        for (int node = 1; node <= layout.nodes(); node++) {
            machines.add(new Machine(layout, network, node));
        }
    }

    /** Makes the namespaces, the bridge and the machines; starts no node. */
    public static Testbed create(int nodes) {
        Testbed testbed = new Testbed(Layout.fresh(nodes));
        Runtime.getRuntime().addShutdownHook(testbed.atExit);
        try {
            testbed.powerOn();
            return testbed;
        } catch (RuntimeException e) {
            try {
                testbed.close();
            } catch (RuntimeException more) {
                e.addSuppressed(more);
            }
            throw e;
        }
    }

    private void powerOn() {
        network.powerOn();
        SystemCommand.run("ip", "netns", "add", layout.clientNamespace());
        network.plug("client", layout.clientNamespace(), Layout.CLIENT_ADDRESS);
        machines.forEach(Machine::powerOn);
    }

    /** Writes every node's configuration file, and the key they share. */
    public void configure(Function<Layout, ClusterSpec> spec) {
        ClusterSpec cluster = spec.apply(layout);
        try {
            if (!Files.exists(layout.keyFile())) {
                ClusterKey.generate(layout.keyFile());
            }
            for (Machine machine : machines) {
                Files.createDirectories(layout.disk(machine.number()).resolve("holdfast"));
                Files.createDirectories(layout.disk(machine.number()).resolve("srv"));
                Files.writeString(layout.configFile(machine.number()), cluster.yaml(layout, machine.number()));
            }
        } catch (IOException e) {
            throw new TestbedException("cannot write the configuration of testbed " + layout.name(), e);
        }
    }

    /** Replaces the JVM flags of the nodes started from now on. */
    public void nodeFlags(List<String> flags) {
        nodeFlags = List.copyOf(flags);
    }

    /** Has the nodes started from now on run another build than this one. */
    public void nodeClassPath(String classPath) {
        nodeClassPath = classPath;
    }

    /** Replaces the class whose {@code main} is a node, for tests of what drives nodes. */
    public void nodeMain(String className) {
        nodeMain = className;
    }

    /** Starts the node process of a configured machine, with more options of {@code holdfast node} if there are any. */
    public void startNode(int node, String... options) {
        List<String> flags = new ArrayList<>(nodeFlags);
        // The node's temporary files are on its own disk, as on a machine of its own.
        flags.add("-Djava.io.tmpdir=" + layout.machine().resolve("tmp"));
        // A node logs as everywhere, whatever configurations of tests are on its class path.
        flags.add("-Dlogback.configurationFile=logback.xml");
        List<String> arguments = new ArrayList<>(List.of("node"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("--config", layout.configFile(node).toString()));
        machine(node).start(JavaCommand.of(nodeClassPath, flags, nodeMain, arguments));
    }

    public Layout layout() {
        return layout;
    }

    /** The machine of node {@code node}, counted from 1. */
    public Machine machine(int node) {
        return machines.get(node - 1);
    }

    public Machine machine(String nodeName) {
        return machines.stream().filter(machine -> machine.name().equals(nodeName)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no node " + nodeName));
    }

    public List<Machine> machines() {
        return List.copyOf(machines);
    }

    /** Lets no frame pass between two nodes, both ways. */
    public void partition(int oneNode, int otherNode) {
        network.cut(layout.nodeName(oneNode), layout.nodeName(otherNode));
    }

    /** Lets no frame pass between a node and the client, both ways. */
    public void partitionFromClient(int node) {
        network.cut(layout.nodeName(node), "client");
    }

    /** Ends every partition. */
    public void mend() {
        network.mend();
    }

    /** Says that this machine is about to lose the VIP: from now on {@link #lateFrames()} counts for it, from 0. */
    public void formerSender(Machine machine) {
        senders.former(machine.name());
    }

    /** Frames the former sender sent as the VIP after another machine had begun to: more than 0 breaks I2. */
    public long lateFrames() {
        return senders.lateFrames();
    }

    /** A command line that runs {@code command} in the client's namespace. */
    public List<String> inClient(List<String> command) {
        List<String> inside = new ArrayList<>(List.of("setsid", "ip", "netns", "exec", layout.clientNamespace()));
        inside.addAll(command);
        return inside;
    }

    /** Threads of this process that talk from the client's namespace. */
    public NetworkThreads clientThreads() {
        return new NetworkThreads(Path.of("/run/netns", layout.clientNamespace()));
    }

    /** Copies logs, configurations, disks (sparse files stay sparse) and the kernel's state of every machine. */
    public void collectEvidence(Path directory) {
        Evidence.collect(layout, directory);
    }

    /** Leaves everything up; returns the command that removes it. This process is no longer responsible for it. */
    public String leaveUp() {
        if (closed.compareAndSet(false, true)) {
            Runtime.getRuntime().removeShutdownHook(atExit);
            removal.leave();
        }
        return "sh " + layout.removeScript();
    }

    @Override
    public void close() {
        if (Thread.currentThread() != atExit && !closed.get()) {
            try {
                Runtime.getRuntime().removeShutdownHook(atExit);
            } catch (IllegalStateException shuttingDown) {
                // The hook runs already and removes everything: nothing is left to do here.
                return;
            }
        }
        removeOnce();
    }

    private void removeOnce() {
        if (closed.compareAndSet(false, true)) {
            // One that was stopped before it had entered its machine is not found by the machine's namespace.
            machines.forEach(Machine::killNode);
            removal.now();
        }
    }
}
