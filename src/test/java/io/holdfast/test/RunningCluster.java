package io.holdfast.test;

import io.holdfast.cli.demo.ClientProcess;
import io.holdfast.cli.demo.ClientReport;
import io.holdfast.cli.demo.ClusterWatch;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.Testbed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Three nodes with a real Redis and a real client, as every test of the whole system begins with. Owned by the test's
 * thread. What a failed test leaves for people is in {@code target/evidence/<name>}.
 */
final class RunningCluster implements AutoCloseable {
    private static final Duration START_BOUND = Duration.ofSeconds(90);
    static final Duration TAKEOVER_BOUND = Duration.ofSeconds(30);
    static final Duration REJOIN_BOUND = Duration.ofSeconds(60);
    private static final long THINK_MICROS = 2_000;
    private static final int FOUNDERS = 3;

    private final Testbed testbed;
    private final ClusterWatch watch;
    private final ClientProcess client;

    /** What a test does with a cluster. */
    @FunctionalInterface
    interface Body {
        void run(RunningCluster cluster) throws Exception;
    }

    private RunningCluster(Testbed testbed) {
        this.testbed = testbed;
        this.watch = new ClusterWatch(testbed, Duration.ofMillis(50), (node, status) -> { });
        this.client = ClientProcess.start(testbed, THINK_MICROS, 1);
    }

    /** Starts a cluster, runs the body once a node is the live primary, keeps the evidence when it fails. */
    static void run(String name, UnaryOperator<ClusterSpec> change, Body body) throws Exception {
        run(name, FOUNDERS, change, body);
    }

    /** With so many machines, of which the first three make up the cluster; the nodes of the others are not started. */
    static void run(String name, int machines, UnaryOperator<ClusterSpec> change, Body body) throws Exception {
        try (Testbed testbed = Testbed.create(machines)) {
            testbed.configure(layout -> change.apply(ClusterSpec.redis(layout).withFounders(FOUNDERS)));
            try (RunningCluster cluster = new RunningCluster(testbed)) {
                testbed.machines().stream().limit(FOUNDERS).forEach(machine -> testbed.startNode(machine.number()));
                cluster.awaitLive(START_BOUND);
                body.run(cluster);
            } catch (Throwable e) {
                testbed.collectEvidence(Path.of("target", "evidence", name + "-" + testbed.layout().name()));
                throw e;
            }
        }
    }

    Testbed testbed() {
        return testbed;
    }

    ClientProcess client() {
        return client;
    }

    ClusterWatch watch() {
        return watch;
    }

    Machine primary() {
        return testbed.machine(Objects.requireNonNull(watch.primary(), "there is no live primary"));
    }

    /** A node that is not the primary; {@code which} counts from 0. */
    Machine standby(int which) {
        String primary = watch.primary();
        return testbed.machines().stream().filter(m -> !m.name().equals(primary)).skip(which).findFirst().orElseThrow();
    }

    ServiceStatus status(Machine machine) {
        return watch.nodes().get(machine.name());
    }

    void await(String what, Duration bound, java.util.concurrent.Callable<Boolean> condition) {
        try {
            Awaitility.await(what).atMost(bound).pollInterval(Duration.ofMillis(20)).until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("not within " + bound.toSeconds() + " s: " + what + "; the nodes say "
                    + watch.nodes(), e);
        }
    }

    private void awaitLive(Duration bound) {
        await("a live primary, and two standbys", bound, () -> watch.primary() != null && watch.nodes().size() == FOUNDERS);
    }

    /** Waits until this node says so of itself. */
    void awaitStatus(Machine machine, String what, Duration bound, Predicate<ServiceStatus> condition) {
        await(machine.name() + " " + what, bound, () -> {
            ServiceStatus status = status(machine);
            return status != null && condition.test(status);
        });
    }

    /** Takes a checkpoint and waits until every node holds it. */
    long checkpoint() {
        long index = watch.checkpoint(primary().name()).get("markIndex").asLong();
        await("checkpoint " + index + " is held by every node", Duration.ofSeconds(30),
                () -> watch.nodes().size() == testbed.machines().stream().filter(Machine::running).count() && watch.nodes().values().stream()
                        .allMatch(s -> s.checkpointIndex() >= index && s.checkpoint().held()));
        return index;
    }

    /** Waits until another node than {@code old} is the live primary in a term after {@code term}. */
    Machine awaitTakeover(Machine old, long term) {
        await("a takeover from " + old.name() + " after term " + term, TAKEOVER_BOUND, () -> watch.nodes().entrySet()
                .stream().anyMatch(e -> e.getValue().livePrimary() && e.getValue().takeoverTerm() > term));
        return testbed.machine(watch.primary());
    }

    long term() {
        return watch.nodes().values().stream().mapToLong(ServiceStatus::term).max().orElse(0);
    }

    /** Waits until this node follows again, holding every entry committed until now and the newest checkpoint. */
    void awaitCaughtUp(Machine machine) {
        long head = watch.nodes().values().stream().mapToLong(ServiceStatus::committedIndex).max().orElse(0);
        awaitStatus(machine, "has caught up to entry " + head, REJOIN_BOUND, s -> !s.primary() && s.lastIndex() >= head
                && "STANDBY".equals(s.state()) && (s.checkpoint() == null || s.checkpoint().held()));
    }

    /** Waits until every connection has been answered after now. */
    void awaitAllAnswered() {
        long from = System.nanoTime();
        await("every connection is answered", TAKEOVER_BOUND, () -> client.report().allAnsweredSinceNanos() - from > 0);
    }

    /** Lets every connection be asked and answered for a while. */
    void letCount(int answers) {
        long from = client.report().answers();
        await(answers + " more answers", TAKEOVER_BOUND, () -> client.report().answers() - from >= answers);
    }

    /** The longest time from a question to its answer until now, one that is still awaited included. */
    Duration longestWait() {
        ClientReport report = client.report();
        return Duration.ofNanos(Math.max(report.longestWaitNanos(), report.latencyMicros().get("max").asLong() * 1_000));
    }

    /** Stops the client: every answer came once, in order and right, and no connection broke (I5). */
    ClientReport expectNothingLost() {
        ClientReport end = client.stop();
        assertThat(end.complaints()).as("I5: what clients complain of").isEmpty();
        assertThat(end.wrong()).as("wrong answers").isZero();
        assertThat(end.lost()).as("requests never answered").isZero();
        assertThat(end.broken()).as("connections broken").isZero();
        assertThat(end.finalDifferent()).as("keys that differ from the last answer").isZero();
        assertThat(end.answers()).as("answers checked").isPositive();
        return end;
    }

    @Override
    public void close() {
        client.close();
        watch.close();
    }
}
