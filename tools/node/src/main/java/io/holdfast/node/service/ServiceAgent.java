package io.holdfast.node.service;

import io.holdfast.consensus.GroupConfig;
import io.holdfast.consensus.Member;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.workload.Workload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Owned by the thread {@code service-<name>}, which runs the state machine of one service on this node: it is told
 * what the group decided and what became of the workload, and starts, takes over, checkpoints and steps down.
 *
 * <p>Losing leadership, or the workload, always ends the workload here and leaves the group or follows it; being
 * elected always goes through a whole {@link Takeover}.
 */
public final class ServiceAgent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceAgent.class);
    private static final long TICK_MS = 50;
    private static final long KILL_TIMEOUT_MS = 5_000;
    private static final long REJOIN_DELAY_MS = 1_000;

    private final NodeConfig node;
    private final ServiceConfig service;
    private final ClusterTraffic traffic;
    private final boolean lossAccepted;
    private final Runnable onFailed;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Queue<CheckpointAsked> postponed = new ArrayDeque<>();
    private final Thread thread;
    private final GateTimes gateTimes = new GateTimes(ServiceNetwork.MAX_HELD);
    private final PacketPipeline pipeline = new PacketPipeline(gateTimes);
    private final GateStatistics statistics = new GateStatistics(gateTimes);
    private final ServiceNetwork network;
    private final CheckpointKeeper checkpoints;
    private final ImageExchange exchange;
    private final JournalKeeper journalKeeper;
    private final Path workloadFile;
    private volatile ServiceState state = ServiceState.STARTING;
    private volatile String message;
    private volatile ServiceReplica replica;
    private volatile Primary primary;
    private volatile boolean closing;
    private long rejoinAtNanos;

    private sealed interface Event {
    }

    private record Elected(ServiceReplica by, long term, long electedIndex) implements Event {
    }

    private record Following(ServiceReplica by, long term, String leader) implements Event {
    }

    private record Failed(ServiceReplica by, Throwable cause) implements Event {
    }

    private record WorkloadEnded(Workload workload, String how) implements Event {
    }

    private record CheckpointAsked(CompletableFuture<EntryBodies.Ready> answer) implements Event {
    }

    private record HandOverAsked(String to, long term, CompletableFuture<Void> answer) implements Event {
    }

    private record Close() implements Event {
    }

    /**
     * Prepares the agent; nothing is touched before {@link #start}.
     *
     * @param lossAccepted entries that this machine may have lost when it lost power are not to be waited for
     * @param onFailed     run once when the service cannot go on on this node
     */
    public ServiceAgent(NodeConfig node, ServiceConfig service, ClusterTraffic traffic, ImageExchange exchange,
                        boolean lossAccepted, Runnable onFailed) {
        this.node = node;
        this.service = service;
        this.traffic = traffic;
        this.lossAccepted = lossAccepted;
        this.onFailed = onFailed;
        Path dir = node.serviceDir(service);
        this.workloadFile = dir.resolve("workload.json");
        this.network = new ServiceNetwork(service, pipeline, cause -> events.add(new Failed(replica, cause)),
                this::workloadIntact);
        this.exchange = exchange;
        this.checkpoints = new CheckpointKeeper(node, service, dir, exchange);
        this.journalKeeper = new JournalKeeper(service.name(), service.journal().retain(), checkpoints, pipeline);
        this.thread = new Thread(this::run, "service-" + service.name());
    }

    public void start() {
        thread.start();
    }

    private void run() {
        try {
            prepare();
            while (!closing && state != ServiceState.FAILED) {
                Event event = events.poll(TICK_MS, TimeUnit.MILLISECONDS);
                if (event == null) {
                    tick();
                } else {
                    handle(event);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            fail(e);
        }
        shutDown();
    }

    private void prepare() {
        network.install();
        // Egress is shut by now: what a dead predecessor's workload says when it is killed is heard by nobody.
        Workload.killLeftover(workloadFile, KILL_TIMEOUT_MS);
        network.forgetConnections();
        checkpoints.start();
        new Rehearsal(workloadFile.resolveSibling("rehearsal"), network, checkpoints.criu()).run(checkpoints.enabled());
        join();
    }

    private void join() {
        ServiceReplica joining = new ServiceReplica(node.serviceDir(service), service.journal().options(service.name()),
                new ConnectionTable(WorkloadRestorer.TABLE_CAPACITY),
                pipeline, network.capture(), network.lease());
        joining.watch(watcherOf(joining));
        replica = joining;
        checkpoints.connect(joining);
        if (lossAccepted) {
            acceptLoss(joining);
        }
        boolean holdsEntries = joining.journal().lastIndex() > 0;
        joining.join(groupConfig());
        if (node.joining() && holdsEntries && !joining.isMember()) {
            throw new IllegalStateException("'join: true', but the journal in " + node.serviceDir(service) + " holds entries up to "
                    + joining.journal().lastIndex() + " of a group that this node is no member of. A node that is to be let in"
                    + " starts empty: move " + node.dataDir() + " away");
        }
        state = ServiceState.STANDBY;
        LOG.info("service {}: joined its group as {}; journal at entry {}", service.name(), node.self().name(),
                joining.journal().lastIndex());
    }

    private void acceptLoss(ServiceReplica joining) {
        if (joining.acceptLoss()) {
            LOG.warn("service {}: --accept-loss: entries that were acknowledged before the power failed may be gone for good",
                    service.name());
        } else {
            LOG.info("service {}: --accept-loss: there is nothing to accept, no entries can have been lost here", service.name());
        }
    }

    private ServiceReplica.Watcher watcherOf(ServiceReplica of) {
        return new ServiceReplica.Watcher() {
            @Override
            public void onLeader(long term, long electedIndex) {
                events.add(new Elected(of, term, electedIndex));
            }

            @Override
            public void onFollower(long term, String leader) {
                events.add(new Following(of, term, leader));
            }

            @Override
            public void onFailure(Throwable cause) {
                events.add(new Failed(of, cause));
            }
        };
    }

    private GroupConfig groupConfig() {
        GroupConfig config = GroupConfig.of(service.name(), node.self().name(), node.cluster().stream()
                .map(m -> new Member(m.name(), m.address(), service.groupPort())).toList())
                .withTraffic(traffic)
                .withLeaseHeartbeatMs((int) service.lease().heartbeatMs());
        return node.joining() ? config.asJoining() : config;
    }

    private void handle(Event event) {
        if (event instanceof Elected e && e.by() == replica && replica.leads(e.term())) {
            takeOver(e.term(), e.electedIndex());
        } else if (event instanceof Following e && e.by() == replica) {
            LOG.info("service {}: follows {} in term {}", service.name(), e.leader(), e.term());
            if (state == ServiceState.LIVE) {
                demote("leadership was lost");
            }
        } else if (event instanceof Failed e && e.by() == replica) {
            fail(e.cause());
        } else if (event instanceof WorkloadEnded e && primary != null && primary.workload() == e.workload()) {
            abdicate("the workload ended: " + e.how());
        } else if (event instanceof CheckpointAsked e) {
            checkpointOnRequest(e);
        } else if (event instanceof HandOverAsked e) {
            handOver(e);
        }
    }

    private void takeOver(long term, long electedIndex) {
        if (primary != null) {
            demote("elected again");
        }
        state = ServiceState.TAKING_OVER;
        try (Takeover takeover = new Takeover(node.self().name(), service, network, replica, checkpoints, pipeline,
                    workloadFile, term, electedIndex)) {
            Primary live = takeover.run();
            primary = live;
            state = ServiceState.LIVE;
            message = null;
            takeover.finish();
            live.workload().onExit().thenAccept(how -> events.add(new WorkloadEnded(live.workload(), how.toString())));
        } catch (LeadershipLostException e) {
            demote("leadership was lost during the takeover");
        } catch (RuntimeException e) {
            LOG.error("service {}: the takeover in term {} failed; another node may try", service.name(), term, e);
            abdicate("the takeover failed: " + e.getMessage());
        }
    }

    /** Ends what only a primary has. Safe in every state. */
    private void demote(String why) {
        boolean wasPrimary = state == ServiceState.LIVE || state == ServiceState.TAKING_OVER;
        if (wasPrimary) {
            LOG.warn("service {}: steps down: {}", service.name(), why);
            state = ServiceState.DEMOTING;
        }
        pipeline.close();
        Primary former = primary;
        primary = null;
        network.silence();
        if (former == null) {
            Workload.killLeftover(workloadFile, KILL_TIMEOUT_MS);
        } else {
            former.workload().kill(KILL_TIMEOUT_MS);
        }
        network.release();
        if (wasPrimary) {
            state = ServiceState.STANDBY;
        }
    }

    /** Steps down and leaves the group for a while, so that another node is elected. */
    private void abdicate(String why) {
        message = why;
        demote(why);
        checkpoints.disconnect();
        closeReplica();
        rejoinAtNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(REJOIN_DELAY_MS);
        state = ServiceState.STARTING;
    }

    private void closeReplica() {
        ServiceReplica leaving = replica;
        replica = null;
        if (leaving != null) {
            leaving.close();
        }
    }

    private void tick() {
        if (replica == null && System.nanoTime() - rejoinAtNanos >= 0) {
            join();
        }
        checkpoints.catchUp();
        if (replica != null) {
            journalKeeper.tick(replica);
        }
        Primary live = primary;
        if (live != null) {
            network.finishHandshakes(live.workload(), replica);
            statistics.journal(node.self().name(), replica);
        }
        if (!postponed.isEmpty() && (live == null || !checkpoints.underWay())) {
            checkpointOnRequest(postponed.remove());
        } else if (live != null && !checkpoints.underWay()) {
            String reason = live.due(replica.applied(), replica.packetsSinceMark(),
                    journalKeeper.wantsCheckpoint(replica, live.markIndex()), service.checkpoint());
            if (reason != null) {
                checkpoint(live, reason);
            }
        }
    }

    /** Takes it at once, or after the one that is under way: an order is for the state at or after it was given. */
    private void checkpointOnRequest(CheckpointAsked asked) {
        Primary live = primary;
        if (live == null) {
            asked.answer().completeExceptionally(new IllegalStateException("this node is not the primary"));
        } else if (!live.checkpoints()) {
            asked.answer().completeExceptionally(new IllegalStateException("the service's checkpoint policy is none"));
        } else if (checkpoints.underWay()) {
            postponed.add(asked);
        } else {
            checkpoint(live, "request").whenComplete((ready, problem) -> {
                if (problem == null) {
                    asked.answer().complete(ready);
                } else {
                    asked.answer().completeExceptionally(problem);
                }
            });
        }
    }

    private void handOver(HandOverAsked asked) {
        Primary live = primary;
        if (live == null || live.term() != asked.term()) {
            asked.answer().completeExceptionally(new IllegalStateException("this node is not the primary of term "
                    + asked.term() + " any more"));
            return;
        }
        try {
            new HandOver(node.self().name(), service.name(), network, replica).to(asked.to(), asked.term());
            asked.answer().complete(null);
        } catch (HandOver.LeaseNotTakenException e) {
            asked.answer().completeExceptionally(e);
            abdicate(e.getMessage());
        } catch (IllegalStateException e) {
            asked.answer().completeExceptionally(e);
        }
    }

    private CompletableFuture<EntryBodies.Ready> checkpoint(Primary live, String reason) {
        return checkpoints.take(live, network, replica, reason);
    }

    private void fail(Throwable cause) {
        LOG.error("service {}: FAILED and leaves its group; its journal or an invariant is broken. It does not come "
                + "back by itself: look at the cause, then start the node again", service.name(), cause);
        message = cause.toString();
        try {
            demote("the service failed");
        } finally {
            state = ServiceState.FAILED;
        }
    }

    private void shutDown() {
        boolean failed = state == ServiceState.FAILED;
        try {
            if (!failed) {
                demote("the node is stopping");
            }
            checkpoints.close();
            closeReplica();
        } catch (RuntimeException e) {
            LOG.error("service {}: leaving the group failed", service.name(), e);
        } finally {
            network.close();
        }
        if (failed) {
            onFailed.run();
        } else {
            state = ServiceState.STOPPED;
        }
    }

    /** Egress thread: whether what the workload says is its own, and not the kernel clearing up after its death. */
    private boolean workloadIntact() {
        Primary live = primary;
        return live != null && live.workload().isIntact();
    }

    /** Any thread: takes a checkpoint now; completes when it is ready. */
    public CompletableFuture<EntryBodies.Ready> checkpoint() {
        CompletableFuture<EntryBodies.Ready> answer = new CompletableFuture<>();
        events.add(new CheckpointAsked(answer));
        return answer;
    }

    /**
     * Any thread: hands over to a standby, by name or, for null, the one that holds most. Returns what became of it, for
     * JSON, when the other leads and takes over.
     *
     * @throws IllegalStateException with the reason why not
     */
    public Object switchover(String to) {
        ServiceReplica by = replica;
        if (by == null || primary == null) {
            throw new IllegalStateException(notPrimary(by));
        }
        return new Switchover(node.self().name(), by, checkpoints, this::checkpoint, (target, term) -> {
            CompletableFuture<Void> answer = new CompletableFuture<>();
            events.add(new HandOverAsked(target, term, answer));
            return answer;
        }).to(to);
    }

    /**
     * Any thread: lets a node into the group, or removes one; returns the members for JSON.
     *
     * @throws IllegalStateException with the reason why not
     */
    public Object addMember(String name, String address, int adminPort) {
        return memberChanges().add(name, address, adminPort);
    }

    /** See {@link #addMember}. */
    public Object removeMember(String name) {
        return memberChanges().remove(name);
    }

    private MemberChanges memberChanges() {
        ServiceReplica by = replica;
        if (by == null || !by.hasJoined()) {
            throw new IllegalStateException(node.self().name() + " is not in the group of " + service.name() + " now");
        }
        return new MemberChanges(node.self().name(), service, by, exchange);
    }

    private String notPrimary(ServiceReplica by) {
        String leader = by == null || !by.hasJoined() ? null : by.leader();
        return node.self().name() + " is not the live primary of " + service.name()
                + (leader == null ? "" : "; " + leader + " leads");
    }

    public ServiceConfig config() {
        return service;
    }

    /** Any thread: what is known now. */
    public ServiceStatus status() {
        return new StatusReport(node, service, state, message, network, replica, primary, checkpoints, journalKeeper).build();
    }

    /** Leaves the group, ends the workload, and removes what was made in the kernel. Bounded. */
    @Override
    public void close() {
        closing = true;
        events.add(new Close());
        try {
            thread.join(15_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            LOG.error("service {}: did not stop within 15 s", service.name());
        }
    }
}
