package io.holdfast.cli.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Where everything of one testbed is: the names of its namespaces, the addresses and the directories.
 * Every name carries the testbed's own, so several testbeds run side by side. Immutable.
 *
 * <p>Nodes are numbered from 1. Each node sees its own {@code disks/nI} at {@link #machine()}, the same path on
 * every node, and cannot see another node's disk.
 */
public record Layout(String name, Path directory, int nodes) {

    public static final String CLIENT_ADDRESS = "10.77.0.1";
    public static final String VIP = "10.77.0.100";
    public static final int PREFIX_LENGTH = 24;
    public static final int ADMIN_PORT = 7070;
    public static final int GROUP_PORT = 7800;
    public static final int WORKLOAD_PORT = 6379;
    /** The outside interface inside every namespace. */
    public static final String INTERFACE = "eth0";
    private static final int MAX_NODES = 80;

    public Layout {
        if (nodes < 1 || nodes > MAX_NODES) {
            throw new IllegalArgumentException("between 1 and " + MAX_NODES + " nodes, not " + nodes);
        }
    }

    /** Chooses a name no other testbed has and makes its directories. */
    static Layout fresh(int nodes) {
        String name = "hft" + ProcessHandle.current().pid() + Integer.toString(
                ThreadLocalRandom.current().nextInt(36 * 36 * 36, 36 * 36 * 36 * 36), 36);
        try {
            Path directory = Files.createTempDirectory(name + "-");
            Layout layout = new Layout(name, directory.toAbsolutePath(), nodes);
            for (int node = 1; node <= nodes; node++) {
                Files.createDirectories(layout.disk(node).resolve("tmp"));
            }
            Files.createDirectories(layout.machine());
            Files.createDirectories(layout.logs());
            Files.createDirectories(layout.configs());
            return layout;
        } catch (IOException e) {
            throw new TestbedException("cannot make the directories of testbed " + name, e);
        }
    }

    public String switchNamespace() {
        return name + "-switch";
    }

    public String clientNamespace() {
        return name + "-client";
    }

    public String nodeNamespace(int node) {
        return name + "-" + nodeName(node);
    }

    public String nodeName(int node) {
        if (node < 1 || node > nodes) {
            throw new IllegalArgumentException("no node " + node + " in a testbed of " + nodes);
        }
        return "n" + node;
    }

    public String nodeAddress(int node) {
        nodeName(node);
        return "10.77.0." + (10 + node);
    }

    /** What node {@code node} sees at {@link #machine()}. */
    public Path disk(int node) {
        return disks().resolve(nodeName(node));
    }

    Path disks() {
        return directory.resolve("disks");
    }

    /** The private part of every node's file system, the same path on all of them. */
    public Path machine() {
        return directory.resolve("machine");
    }

    /** The node's {@code dataDir}, as the node sees it. */
    public Path dataDirectory() {
        return machine().resolve("holdfast");
    }

    /** The workload's data directory, as the node sees it. */
    public Path workloadDirectory() {
        return machine().resolve("srv");
    }

    public Path logs() {
        return directory.resolve("logs");
    }

    Path configs() {
        return directory.resolve("config");
    }

    /** What stands for the kernel's boot id on this node's machine, once the machine has lost power. */
    Path bootId(int node) {
        return directory.resolve("boot").resolve(nodeName(node));
    }

    public Path configFile(int node) {
        return configs().resolve(nodeName(node) + ".yaml");
    }

    /** The key that all nodes share. */
    public Path keyFile() {
        return configs().resolve("cluster.key");
    }

    /** The script that removes all of this testbed; harmless to run twice. */
    public Path removeScript() {
        return directory.resolve("remove.sh");
    }
}
