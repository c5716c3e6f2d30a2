package io.holdfast.cli.testbed;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What the nodes of a testbed run: one service with its workload and policies. Immutable; a {@code with} method gives
 * a changed copy.
 *
 * @param checkpointPolicy {@code criu} or {@code none}
 * @param checkpointIntervalMs how often the primary checkpoints by itself
 * @param workload the command line of the protected program
 * @param founders so many nodes, from the first on, are there from the beginning
 * @param journal how journals are kept, in YAML
 */
public record ClusterSpec(String recovery, String checkpointPolicy, long checkpointIntervalMs, int checkpointsKept,
        long leaseMs, List<String> workload, int workloadPort, int founders, String journal) {

    public static final String SERVICE = "redis";

    public ClusterSpec {
        workload = List.copyOf(workload);
    }

    /** An unmodified Redis that listens on every address, with its data directory on the node's own disk. */
    public static ClusterSpec redis(Layout layout) {
        return new ClusterSpec("replay", "criu", 10_000, 3, 250,
                List.of("/usr/bin/redis-server", "--bind", "0.0.0.0", "--port",
                        Integer.toString(Layout.WORKLOAD_PORT), "--protected-mode", "no", "--save", "",
                        "--appendonly", "no", "--dir", layout.workloadDirectory().toString()),
                Layout.WORKLOAD_PORT, layout.nodes(), "{}");
    }

    public ClusterSpec withCheckpoint(String policy, long intervalMs) {
        return new ClusterSpec(recovery, policy, intervalMs, checkpointsKept, leaseMs, workload, workloadPort,
                founders, journal);
    }

    public ClusterSpec withCheckpointsKept(int count) {
        return new ClusterSpec(recovery, checkpointPolicy, checkpointIntervalMs, count, leaseMs, workload, workloadPort,
                founders, journal);
    }

    public ClusterSpec withRecovery(String newRecovery) {
        return new ClusterSpec(newRecovery, checkpointPolicy, checkpointIntervalMs, checkpointsKept, leaseMs,
                workload, workloadPort, founders, journal);
    }

    public ClusterSpec withWorkload(List<String> command, int port) {
        return new ClusterSpec(recovery, checkpointPolicy, checkpointIntervalMs, checkpointsKept, leaseMs, command,
                port, founders, journal);
    }

    /** The first so many nodes begin the cluster; the others wait to be let in. */
    public ClusterSpec withFounders(int count) {
        return new ClusterSpec(recovery, checkpointPolicy, checkpointIntervalMs, checkpointsKept, leaseMs, workload,
                workloadPort, count, journal);
    }

    /** How journals are kept: the value of {@code journal} in YAML. */
    public ClusterSpec withJournal(String yaml) {
        return new ClusterSpec(recovery, checkpointPolicy, checkpointIntervalMs, checkpointsKept, leaseMs, workload,
                workloadPort, founders, yaml);
    }

    /** The configuration file of one node. */
    String yaml(Layout layout, int node) {
        List<String> members = new ArrayList<>();
        for (int i = 1; i <= layout.nodes(); i++) {
            if (i > founders && i != node) {
                continue;
            }
            members.add("  - {name: %s, address: %s, adminPort: %d}".formatted(layout.nodeName(i),
                    layout.nodeAddress(i), Layout.ADMIN_PORT));
        }
        return """
                node: %s
                join: %s
                dataDir: %s
                security: {key: %s}
                cluster:
                %s
                services:
                  - name: %s
                    vip: %s/%d
                    interface: %s
                    groupPort: %d
                    recovery: %s
                    checkpoint: {policy: %s, intervalMs: %d, keep: %d}
                    lease: {durationMs: %d}
                    journal: %s
                    workload:
                      command: [%s]
                      workingDirectory: %s
                      dataDirectories: [%s]
                      readyPort: %d
                """.formatted(layout.nodeName(node), node > founders, quoted(layout.dataDirectory().toString()),
                quoted(layout.keyFile().toString()),
                String.join("\n", members), SERVICE, Layout.VIP, Layout.PREFIX_LENGTH, Layout.INTERFACE,
                Layout.GROUP_PORT, recovery, checkpointPolicy, checkpointIntervalMs, checkpointsKept, leaseMs,
                journal, workload.stream().map(ClusterSpec::quoted).collect(Collectors.joining(", ")),
                quoted(layout.workloadDirectory().toString()), quoted(layout.workloadDirectory().toString()),
                workloadPort);
    }

    /** A double-quoted YAML scalar (YAML 1.2, 7.3.1). */
    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
