package io.holdfast.benchmarks.protect;

import io.holdfast.cli.demo.ClusterWatch;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Testbed;
import io.holdfast.cli.testbed.TestbedException;
import java.time.Duration;

/** Redis under Holdfast with three nodes. Owned by the main thread. */
final class ProtectedRedis implements Subject {

    private static final int NODES = 3;
    private static final Duration START_BOUND = Duration.ofSeconds(90);
    private static final Duration ANSWER_BOUND = Duration.ofSeconds(10);
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(100);

    private final boolean checkpoints;
    private final Testbed testbed;
    private String primary;
    private long term;

    private ProtectedRedis(boolean checkpoints) {
        this.checkpoints = checkpoints;
        this.testbed = Testbed.create(NODES);
    }

    /** @param checkpointIntervalMs 0: no checkpoints */
    static ProtectedRedis start(long checkpointIntervalMs) throws InterruptedException {
        ProtectedRedis subject = new ProtectedRedis(checkpointIntervalMs > 0);
        try {
            subject.testbed.configure(layout -> subject.checkpoints
                    ? ClusterSpec.redis(layout).withCheckpoint("criu", checkpointIntervalMs)
                    : ClusterSpec.redis(layout).withCheckpoint("none", 60_000));
            subject.testbed.machines().forEach(machine -> subject.testbed.startNode(machine.number()));
            ServiceStatus status = subject.livePrimary(START_BOUND);
            subject.term = status.term();
            return subject;
        } catch (RuntimeException | InterruptedException e) {
            subject.close();
            throw e;
        }
    }

    /** Nobody asks the nodes while something is measured, so the watch lasts for this question alone. */
    private ServiceStatus livePrimary(Duration bound) throws InterruptedException {
        try (ClusterWatch watch = new ClusterWatch(testbed, WATCH_INTERVAL, (node, status) -> { })) {
            Patience.await(bound, "a live primary, and two standbys", () -> watch.nodes().size() == NODES
                    && watch.primary() != null
                    && (!checkpoints || watch.nodes().get(watch.primary()).checkpointIndex() > 0));
            primary = watch.primary();
            return watch.nodes().get(primary);
        }
    }

    /** The process id of the node that is primary. */
    long primaryPid() {
        return testbed.machine(primary).pid();
    }

    @Override
    public String label() {
        return "Holdfast";
    }

    @Override
    public Testbed testbed() {
        return testbed;
    }

    /** A takeover would go unnoticed by clients but not by the figures. */
    @Override
    public void expectUndisturbed() throws InterruptedException {
        long now = livePrimary(ANSWER_BOUND).term();
        if (now != term) {
            throw new TestbedException("the cluster went from term " + term + " to " + now + " while it was measured");
        }
    }
}
