package io.holdfast.cli.node;

import io.holdfast.capture.linux.LibC;
import io.holdfast.node.HoldfastNode;
import io.holdfast.node.config.ConfigException;
import io.holdfast.node.config.ConfigLoader;
import io.holdfast.node.config.NodeConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code holdfast node}: runs this machine's node until it is told to stop. */
@Command(name = "node", mixinStandardHelpOptions = true, description = "Run this machine's node until SIGTERM.",
        footer = {"", "Exit code: 0 stopped on request, 2 the configuration cannot be used, 3 no service could go on."})
public final class NodeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCommand.class);
    private static final int NODE_NICE = -10;
    private static final Path AUTOGROUP = Path.of("/proc/self/autogroup");
    private static final Path STAT = Path.of("/proc/self/stat");

    @Spec
    private CommandSpec spec;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "the node's YAML file")
    private Path config;

    @Option(names = "--check", description = "validate the file and this machine, start nothing")
    private boolean checkOnly;

    @Option(names = "--accept-loss", description = {"let this node vote although its machine lost power and its newest entries",
            "may be gone; only when the nodes that have them will not come back"})
    private boolean acceptLoss;

    @Override
    public Integer call() throws InterruptedException {
        NodeConfig loaded;
        try {
            loaded = ConfigLoader.load(config);
            ConfigLoader.checkMachine(config, loaded);
        } catch (ConfigException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 2;
        }
        if (checkOnly) {
            spec.commandLine().getOut().println(config + ": usable by node " + loaded.self().name());
            return 0;
        }
        return run(loaded);
    }

    /**
     * The node's threads go first: heartbeats and leases have deadlines, and a busy workload must not make its own
     * guard miss them. Threads started from here on inherit it; the workload is put back to the usual.
     *
     * <p>Where the kernel groups processes by session (sched(7), autogroup) a nice value counts within the session only, and
     * the workload has one of its own: then the session's is set too, if it is this node's and not a terminal's.
     *
     * <p>First in line, but not at once: a packet's way wakes one thread after the other, and each that took the processor
     * from the workload or from its neighbour did so for the one packet there was (docs/adr/0003).
     */
    private static void preferThreadsOfThisNode() {
        int result = LibC.niceOfThisThread(NODE_NICE);
        if (result < 0) {
            LOG.warn("the node's threads run at the usual priority: setpriority: {}. On a busy machine heartbeats may be "
                    + "late", LibC.describe(-result));
            return;
        }
        result = LibC.batchPolicyOfThisThread();
        if (result < 0) {
            LOG.warn("the node's threads interrupt others for each packet: sched_setscheduler(SCHED_BATCH): {}. On a busy "
                    + "machine fewer packets pass", LibC.describe(-result));
        }
        try {
            if (Files.exists(AUTOGROUP) && leadsItsSession()) {
                Files.writeString(AUTOGROUP, Integer.toString(NODE_NICE));
            }
        } catch (IOException e) {
            LOG.warn("the node's session runs at the usual priority: {}. On a busy machine heartbeats may be late", e.toString());
        }
    }

    /** By proc(5): {@code pid (name) state ppid pgrp session ...}; the name may hold anything. */
    private static boolean leadsItsSession() throws IOException {
        String stat = Files.readString(STAT);
        String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3];
        return session.equals(Long.toString(ProcessHandle.current().pid()));
    }

    private int run(NodeConfig loaded) throws InterruptedException {
        preferThreadsOfThisNode();
        HoldfastNode node;
        try {
            node = new HoldfastNode(loaded, acceptLoss);
        } catch (BindException e) {
            spec.commandLine().getErr().println(config + ": the admin endpoint " + loaded.self().address().getHostAddress() + ":"
                    + loaded.self().adminPort() + " cannot be bound: " + e.getMessage()
                    + ". Is the address on this machine, and is no other node running?");
            return 2;
        } catch (IOException e) {
            spec.commandLine().getErr().println(config + ": the admin endpoint cannot be opened: " + e);
            return 2;
        }
        Thread stopper = new Thread(node::close, "stop");
        Runtime.getRuntime().addShutdownHook(stopper);
        node.start();
        node.awaitFailure();
        return 3;
    }
}
