package io.holdfast.benchmarks.protect;

import io.holdfast.cli.demo.ClusterWatch;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.Testbed;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Redis under Holdfast with three nodes. Owned by the main thread. */
final class ProtectedRedis implements Subject {

    private static final int NODES = 3;
    private static final Duration START_BOUND = Duration.ofSeconds(90);
    private static final Duration TAKEOVER_BOUND = Duration.ofSeconds(60);
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(100);

    private final String label;
    private final boolean checkpoints;
    private final Testbed testbed;
    private String primary;
    private long firstTerm;

    /** Both compilers, as a node that runs for long has them: what is measured is warm. */
    private static final List<String> NODE_FLAGS = List.of("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError");

    private ProtectedRedis(String label, boolean checkpoints) {
        this.label = label;
        this.checkpoints = checkpoints;
        this.testbed = Testbed.create(NODES);
    }

    /** @param checkpointIntervalMs 0: no checkpoints */
    static ProtectedRedis start(long checkpointIntervalMs) throws InterruptedException {
        return new ProtectedRedis("Holdfast", checkpointIntervalMs > 0).started(checkpointIntervalMs);
    }

    /** Nodes of another build, to compare with. */
    static ProtectedRedis otherBuild(int number, String classPath, long checkpointIntervalMs) throws InterruptedException {
        ProtectedRedis subject = new ProtectedRedis("other build " + number, checkpointIntervalMs > 0);
        subject.testbed.nodeClassPath(classPath);
        return subject.started(checkpointIntervalMs);
    }

    private ProtectedRedis started(long checkpointIntervalMs) throws InterruptedException {
        try {
            testbed.nodeFlags(NODE_FLAGS);
            testbed.configure(layout -> checkpoints
                    ? ClusterSpec.redis(layout).withCheckpoint("criu", checkpointIntervalMs)
                    : ClusterSpec.redis(layout).withCheckpoint("none", 60_000));
            testbed.machines().forEach(machine -> testbed.startNode(machine.number()));
            firstTerm = livePrimary(START_BOUND).term();
            return this;
        } catch (RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /**
     * The status of the node that serves clients, once there is one and it has a checkpoint to fall back on. Nobody
     * asks the nodes while something is measured, so the watch lasts for this question alone.
     */
    private ServiceStatus livePrimary(Duration bound) throws InterruptedException {
        try (ClusterWatch watch = new ClusterWatch(testbed, WATCH_INTERVAL, (node, status) -> { })) {
            Patience.await(bound, "a live primary, and two standbys", () -> watch.nodes().size() == NODES
                    && watch.primary() != null
                    && (!checkpoints || watch.nodes().get(watch.primary()).checkpointIndex() > 0));
            primary = watch.primary();
            return watch.nodes().get(primary);
        }
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public Testbed testbed() {
        return testbed;
    }

    @Override
    public Map<String, List<Long>> processes() {
        List<Machine> standbys = testbed.machines().stream().filter(m -> !m.name().equals(primary)).toList();
        Machine first = testbed.machine(primary);
        return Map.of("primary", List.of(first.pid()), "Redis", first.workloadPids(), "standbys",
                standbys.stream().map(Machine::pid).toList());
    }

    /** Clients notice a pause and nothing else, but the figures would. */
    @Override
    public long takeovers() throws InterruptedException {
        return livePrimary(TAKEOVER_BOUND).term() - firstTerm;
    }
}
