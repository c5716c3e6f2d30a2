package io.holdfast.cli.demo;

import io.holdfast.cli.demo.ClientReport.Pause;
import io.holdfast.cli.demo.Timeline.Tone;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.status.NodeStatus.TakeoverStatus;
import io.holdfast.cli.testbed.Fault;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.Testbed;
import io.holdfast.cli.testbed.TestbedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * One run of the demo on a configured testbed: clients count, primaries fail, and everything the clients saw is
 * judged. Owned by the thread that calls {@link #run()}.
 */
final class Demo {

    private static final Duration START_BOUND = Duration.ofSeconds(90);
    private static final Duration CHECKPOINT_BOUND = Duration.ofSeconds(60);
    private static final Duration TAKEOVER_BOUND = Duration.ofSeconds(30);
    private static final Duration REJOIN_BOUND = Duration.ofSeconds(90);
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(100);
    /** Connections opened before each further kill, after its checkpoint. */
    private static final int LATECOMERS = 2;

    private final Testbed testbed;
    private final DemoOptions options;
    private final Timeline timeline;
    private final ClusterNarrator narrator;
    private final Random random;
    private final List<Takeover> takeovers = new ArrayList<>();
    /** Nodes whose process must be running now. */
    private final Set<Machine> expectedUp = new HashSet<>();
    private String lastRefusal;
    private long lateFrames;
    /** Takeovers told of before the client began: how a cluster comes up is its own affair. */
    private int takeoversAtStart;
    private ClusterWatch cluster;
    private ClientWatch client;

    Demo(Testbed testbed, DemoOptions options, Timeline timeline) {
        this.testbed = testbed;
        this.options = options;
        this.timeline = timeline;
        this.narrator = new ClusterNarrator(timeline);
        this.random = new Random(options.seed());
    }

    /** Runs to the verdict; a run that cannot be ended has a verdict too. */
    Verdict run() throws InterruptedException {
        ClientReport end = null;
        String failure = null;
        try (ClusterWatch watch = new ClusterWatch(testbed, WATCH_INTERVAL, narrator::accept);
                ClientProcess process = ClientProcess.start(testbed, options.thinkMicros(), options.seed());
                ClientWatch clientWatch = new ClientWatch(process, timeline)) {
            cluster = watch;
            client = clientWatch;
            timeline.showClient(client::column);
            try {
                play();
            } catch (DemoFailure | TestbedException e) {
                failure = e.getMessage();
                timeline.print(Tone.ALARM, failure.lines().findFirst().orElse(""));
            }
            timeline.print(Tone.STEP, "demo: the client asks no more and waits for what is under way");
            try {
                end = client.stop();
            } catch (DemoFailure | TestbedException e) {
                failure = failure == null ? e.getMessage() : failure + "\n" + e.getMessage();
            }
        }
        timeline.showClient(() -> "");
        return new Verdict(options, end, takeovers, elsewherePauseMs(),
                Math.max(0, narrator.takeoverTerms().size() - takeoversAtStart - takeovers.size()), lateFrames,
                failure);
    }

    private void play() throws InterruptedException {
        startCluster();
        openBeforeAndAfterACheckpoint();
        for (int kill = 1; kill <= options.kills(); kill++) {
            if (kill > 1) {
                checkpoint();
                client.open(LATECOMERS, 1);
                timeline.print(Tone.STEP, "demo: " + LATECOMERS + " connections more, opened after that checkpoint");
                watchFor(500 + random.nextInt(1000));
            }
            Machine victim = testbed.machine(awaitPrimary());
            takeovers.add(failAndWatch(victim));
            watchFor(1500 + random.nextInt(1000));
            if (kill < options.kills() || options.keep() || options.fault() != Fault.CRASH) {
                heal(victim);
                watchFor(1000);
            }
            lateFrames += cluster.primary() != null && cluster.primary().equals(victim.name()) ? 0
                    : testbed.lateFrames();
        }
    }

    private void startCluster() throws InterruptedException {
        timeline.print(Tone.STEP, "demo: " + testbed.layout().nodes() + " nodes start");
        for (Machine machine : testbed.machines()) {
            testbed.startNode(machine.number());
            expectedUp.add(machine);
        }
        await(START_BOUND, "a node is the live primary" + (options.checkpoints() ? " with a ready checkpoint" : ""),
                () -> {
                    String primary = cluster.primary();
                    return primary != null && cluster.nodes().size() == testbed.layout().nodes()
                            && (!options.checkpoints() || readyCheckpoint(primary) > 0);
                });
        takeoversAtStart = narrator.takeoverTerms().size();
    }

    private void openBeforeAndAfterACheckpoint() throws InterruptedException {
        int before = options.connections() / 2;
        client.open(before, 1);
        client.open(1, options.pipelineDepth());
        timeline.print(Tone.STEP, "demo: " + before + " connections count, one more pipelines "
                + options.pipelineDepth() + " at a time");
        watchFor(1500 + random.nextInt(1000));
        if (options.checkpoints()) {
            checkpoint();
        }
        int after = options.connections() - before;
        client.open(after, 1);
        timeline.print(Tone.STEP, "demo: " + after + " connections more"
                + (options.checkpoints() ? ", opened after that checkpoint" : ""));
        watchFor(500 + random.nextInt(1000));
    }

    /** Has the primary take a checkpoint and waits until every node holds it. */
    private void checkpoint() throws InterruptedException {
        if (!options.checkpoints()) {
            return;
        }
        long before = cluster.nodes().values().stream().mapToLong(ServiceStatus::checkpointIndex).max().orElse(0);
        long deadline = System.nanoTime() + CHECKPOINT_BOUND.toNanos();
        while (!checkpointTaken()) {
            if (System.nanoTime() - deadline > 0) {
                throw new DemoFailure("no checkpoint on demand within " + CHECKPOINT_BOUND.toSeconds() + " s");
            }
            watchFor(500);
        }
        await(CHECKPOINT_BOUND, "the checkpoint is ready and held by every node",
                () -> cluster.nodes().size() == testbed.layout().nodes() && cluster.nodes().values().stream()
                        .allMatch(status -> status.checkpointIndex() > before && status.checkpoint().held()));
    }

    /**
     * Asks once. A primary may refuse for a passing reason: it just lost its leadership, or a checkpoint of its own
     * is under way.
     */
    private boolean checkpointTaken() {
        String primary = cluster.primary();
        if (primary == null) {
            return false;
        }
        try {
            cluster.checkpoint(primary);
            return true;
        } catch (DemoFailure refused) {
            if (!refused.getMessage().equals(lastRefusal)) {
                lastRefusal = refused.getMessage();
                timeline.print(Tone.PLAIN, lastRefusal);
            }
            return false;
        }
    }

    private String awaitPrimary() throws InterruptedException {
        String[] primary = new String[1];
        await(TAKEOVER_BOUND, "there is a live primary", () -> (primary[0] = cluster.primary()) != null);
        return primary[0];
    }

    private Takeover failAndWatch(Machine victim) throws InterruptedException {
        long termBefore = cluster.nodes().values().stream().mapToLong(ServiceStatus::term).max().orElse(0);
        expectedUp.remove(victim);
        testbed.formerSender(victim);
        timeline.print(Tone.ALARM, "demo: " + victim.name() + ": " + options.fault().description());
        long epochMillis = System.currentTimeMillis();
        long faultNanos = inflict(victim);
        await(TAKEOVER_BOUND, "a takeover from " + victim.name(), () -> newPrimary(termBefore) != null);
        // A primary that is told to hand over serves its clients for a while yet.
        long askedNanos = options.fault() == Fault.SWITCHOVER ? System.nanoTime() : faultNanos;
        String name = newPrimary(termBefore);
        ServiceStatus status = cluster.nodes().get(name);
        TakeoverStatus told = status.lastTakeover();
        await(TAKEOVER_BOUND, "every connection is answered again",
                () -> client.latest().allAnsweredSinceNanos() - askedNanos > 0);
        long settledNanos = client.latest().atNanos();
        List<Pause> pauses = client.pauses().stream().filter(pause -> pause.overlaps(faultNanos, settledNanos))
                .toList();
        long lastAnswerNanos = pauses.stream().mapToLong(Pause::endNanos).max().orElse(faultNanos);
        return new Takeover(options.fault(), victim.name(), name, told.term(), told.reason(), faultNanos,
                settledNanos, told.startedEpochMillis() - epochMillis, told.stepsMs(), told.details(),
                toMs(lastAnswerNanos - faultNanos), longestPauseMs(pauses));
    }

    private long inflict(Machine victim) {
        if (options.fault() != Fault.SWITCHOVER) {
            return victim.inflict(options.fault());
        }
        long at = System.nanoTime();
        cluster.switchover(victim.name(), null);
        return at;
    }

    private String newPrimary(long termBefore) {
        return cluster.nodes().entrySet().stream()
                .filter(entry -> entry.getValue().livePrimary() && entry.getValue().takeoverTerm() > termBefore
                        && entry.getValue().lastTakeover().live())
                .map(java.util.Map.Entry::getKey).findFirst().orElse(null);
    }

    /** Undoes the fault, as an operator or time would, and waits until the node stands by again. */
    private void heal(Machine victim) throws InterruptedException {
        switch (options.fault()) {
            case CRASH -> {
                timeline.print(Tone.STEP, "demo: " + victim.name() + " is switched on again");
                victim.reboot();
            }
            case LINK -> {
                timeline.print(Tone.STEP, "demo: the link of " + victim.name() + " comes back");
                victim.linkUp();
            }
            case FREEZE -> {
                timeline.print(Tone.STEP, "demo: " + victim.name() + " is thawed");
                victim.thaw();
            }
            case DAEMON, WORKLOAD, SWITCHOVER -> { }
        }
        long head = cluster.nodes().values().stream().mapToLong(ServiceStatus::committedIndex).max().orElse(0);
        await(REJOIN_BOUND, victim.name() + " stands by again, with entries and checkpoint", () -> {
            if (!victim.running()) {
                timeline.print(Tone.STEP, "demo: the node on " + victim.name() + " is started again");
                testbed.startNode(victim.number());
            }
            ServiceStatus status = cluster.nodes().get(victim.name());
            return status != null && (status.standsBy() || options.fault() == Fault.WORKLOAD && status.livePrimary())
                    && status.lastIndex() >= head
                    && (!options.checkpoints() || status.checkpoint() != null && status.checkpoint().held());
        });
        expectedUp.add(victim);
        timeline.print(Tone.GOOD, "demo: " + victim.name() + " has caught up");
    }

    private long readyCheckpoint(String node) {
        ServiceStatus status = cluster.nodes().get(node);
        return status == null ? 0 : status.checkpointIndex();
    }

    private void watchFor(long millis) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofMillis(millis).toNanos();
        while (System.nanoTime() - deadline < 0) {
            pass(deadline);
        }
    }

    private void await(Duration bound, String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + bound.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new DemoFailure("not within " + bound.toSeconds() + " s: " + what);
            }
            pass(deadline);
        }
    }

    /** Lets a moment pass; a node that ends by itself meanwhile ends the run. */
    private void pass(long deadlineNanos) throws InterruptedException {
        long left = Math.max(1_000_000, deadlineNanos - System.nanoTime());
        cluster.awaitNews(Duration.ofNanos(Math.min(left, 50_000_000)));
        client.latest();
        for (Machine machine : expectedUp) {
            if (!machine.running()) {
                throw new DemoFailure("the node process of " + machine.name() + " ended by itself; its log ends:\n"
                        + machine.logTail(15));
            }
        }
    }

    private double elsewherePauseMs() {
        return client == null ? 0 : longestPauseMs(client.pauses().stream()
                .filter(pause -> takeovers.stream().noneMatch(takeover ->
                        pause.overlaps(takeover.faultNanos(), takeover.settledNanos()))).toList());
    }

    private static double longestPauseMs(List<Pause> pauses) {
        return toMs(pauses.stream().mapToLong(Pause::lengthNanos).max().orElse(0));
    }

    private static double toMs(long nanos) {
        return nanos / 1_000 / 1e3;
    }
}
