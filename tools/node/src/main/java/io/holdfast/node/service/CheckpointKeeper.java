package io.holdfast.node.service;

import io.holdfast.capture.GateMode;
import io.holdfast.journal.EntryKind;
import io.holdfast.node.config.CheckpointConfig;
import io.holdfast.node.config.ClusterMember;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.node.config.WorkloadConfig;
import io.holdfast.restore.checkpoint.CheckpointDamagedException;
import io.holdfast.restore.checkpoint.CheckpointDraft;
import io.holdfast.restore.checkpoint.CheckpointSections;
import io.holdfast.restore.checkpoint.CheckpointStore;
import io.holdfast.restore.checkpoint.Criu;
import io.holdfast.restore.checkpoint.CriuCheck;
import io.holdfast.restore.checkpoint.Manifest;
import io.holdfast.restore.checkpoint.PreparedDump;
import io.holdfast.restore.checkpoint.VerifiedCheckpoint;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.TableRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Takes, spreads and keeps checkpoints. Taken by the service's thread, with the gate closed; digested, sent and fetched
 * by the thread {@code checkpoint-<name>}.
 */
final class CheckpointKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointKeeper.class);
    private static final long CRIU_TIMEOUT_MS = 30_000;
    private static final long GATE_TIMEOUT_MS = 2_000;
    private static final long COMMIT_TIMEOUT_MS = 5_000;
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final NodeConfig node;
    private final ServiceConfig service;
    private final CheckpointConfig config;
    private final ImageExchange exchange;
    private final CheckpointStore store;
    private final Criu criu;
    private final ExecutorService thread;
    private final ExecutorService senders;
    private final AtomicBoolean underWay = new AtomicBoolean();
    private final Map<Long, VerifiedCheckpoint> verified = new ConcurrentHashMap<>();
    private final AtomicBoolean fetching = new AtomicBoolean();
    private volatile long caughtUpTo;
    private long triedNanos = System.nanoTime() - RETRY_NANOS;
    private volatile ServiceReplica replica;
    private volatile CriuCheck check = new CriuCheck(false, "", "the checkpoint policy is none");
    private volatile String lastProblem;

    CheckpointKeeper(NodeConfig node, ServiceConfig service, Path dir, ImageExchange exchange) {
        this.node = node;
        this.service = service;
        this.config = service.checkpoint();
        this.exchange = exchange;
        this.store = CheckpointStore.open(dir.resolve("checkpoints"), config.maxImageBytes());
        this.criu = new Criu(Path.of(config.criu()), dir.resolve("criu"), CRIU_TIMEOUT_MS);
        this.thread = Executors.newSingleThreadExecutor(task -> daemon(task, "checkpoint-" + service.name()));
        this.senders = Executors.newCachedThreadPool(task -> daemon(task, "send-" + service.name()));
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** A dump with the gate closed, before its digests are known. */
    private record Taken(CheckpointDraft draft, long markIndex, long markTerm, double gateClosedMs,
                         CheckpointSections sections) {
    }

    /** Serves and takes checkpoints from here on. */
    void start() {
        if (config.policy() == CheckpointConfig.Policy.CRIU) {
            check = criu.check();
            if (!check.usable()) {
                throw new IllegalStateException("checkpoint.policy is criu, but " + config.criu() + " is not usable: "
                        + check.reason() + ". Run 'holdfast doctor', or set checkpoint.policy: none");
            }
        }
        exchange.serveFrom(store, this::keep);
    }

    void connect(ServiceReplica joined) {
        replica = joined;
        exchange.directory().connect(joined);
    }

    void disconnect() {
        replica = null;
        exchange.directory().connect(null);
    }

    MemberDirectory directory() {
        return exchange.directory();
    }

    Criu criu() {
        return criu;
    }

    boolean enabled() {
        return config.policy() == CheckpointConfig.Policy.CRIU;
    }

    boolean underWay() {
        return underWay.get();
    }

    /** Why the last checkpoint failed; null after one that did not. */
    String lastProblem() {
        return lastProblem;
    }

    /**
     * Service's thread: takes a checkpoint now. Returns when the gate is open again; the future completes when the
     * checkpoint is ready.
     */
    CompletableFuture<EntryBodies.Ready> take(Primary live, ServiceNetwork network, ServiceReplica by, String reason) {
        if (!underWay.compareAndSet(false, true)) {
            return CompletableFuture.failedFuture(new IllegalStateException("a checkpoint is under way"));
        }
        CompletableFuture<EntryBodies.Ready> ready = new CompletableFuture<>();
        ready.whenComplete((done, problem) -> {
            underWay.set(false);
            lastProblem = problem == null ? null : problem.getMessage();
        });
        CheckpointDraft draft = store.draft();
        try {
            Taken taken = dump(draft, live, network, by, reason);
            thread.execute(() -> finish(taken, by, ready));
        } catch (RuntimeException e) {
            draft.close();
            live.missed();
            LOG.error("service {}: no checkpoint: {}", service.name(), e.getMessage(), e);
            ready.completeExceptionally(e);
        }
        return ready;
    }

    private Taken dump(CheckpointDraft draft, Primary live, ServiceNetwork network, ServiceReplica by, String reason) {
        List<InFlightConnection> inFlight = new ArrayList<>();
        try (PreparedDump prepared = criu.prepareDump(live.workload().pid(), draft.imageDirectory(), config.maxImageBytes())) {
            long closedAt = System.nanoTime();
            long mark;
            TableRecord table;
            try {
                network.gate(GateMode.PAUSED, GATE_TIMEOUT_MS);
                mark = Bounded.await(by.propose(EntryKind.MARK, new EntryBodies.Mark(node.self().name(), reason)), COMMIT_TIMEOUT_MS,
                        "to commit the mark");
                live.marked(mark);
                table = by.connections();
                prepared.run(() -> {
                    draft.copyData(service.workload().dataDirectories());
                    inFlight.addAll(by.inFlight(network.connections()));
                });
            } finally {
                network.gate(GateMode.OPEN, GATE_TIMEOUT_MS);
            }
            double gateClosedMs = (System.nanoTime() - closedAt) / 1e6;
            return new Taken(draft, mark, live.term(), gateClosedMs, new CheckpointSections(table, inFlight, place(network)));
        }
    }

    /** For whoever looks into the checkpoint later, without this node's configuration. */
    private CheckpointSections.Place place(ServiceNetwork network) {
        WorkloadConfig workload = service.workload();
        return new CheckpointSections.Place(service.vip().getHostAddress(), network.mtuBytes(), workload.command(),
                workload.workingDirectory().toString(),
                workload.dataDirectories().stream().map(Path::toString).toList());
    }

    private void finish(Taken taken, ServiceReplica by, CompletableFuture<EntryBodies.Ready> ready) {
        long begunNanos = System.nanoTime();
        try (CheckpointDraft draft = taken.draft()) {
            VerifiedCheckpoint kept = draft.complete(service.name(), taken.markIndex(), taken.markTerm(), check.version(),
                    taken.sections().toJson());
            keep(kept);
            Manifest manifest = kept.manifest();
            String digest = kept.manifestDigest();
            long keptNanos = System.nanoTime();
            List<String> holders = spread(taken.markIndex(), digest);
            long spreadNanos = System.nanoTime();
            int majority = exchange.directory().members().size() / 2 + 1;
            if (holders.size() < majority) {
                throw new IllegalStateException("checkpoint " + taken.markIndex() + " is held by " + holders + " only, "
                        + majority + " nodes are needed; the one before stays in force");
            }
            EntryBodies.Ready body = new EntryBodies.Ready(taken.markIndex(), digest, manifest.totalBytes(), holders,
                    node.self().name(), taken.gateClosedMs());
            Bounded.await(by.propose(EntryKind.CHECKPOINT_READY, body), COMMIT_TIMEOUT_MS, "to commit that it is ready");
            LOG.info("service {}: checkpoint {} is ready: {} bytes, gate closed {} ms, digested and forced {} ms, spread {} ms",
                    service.name(), taken.markIndex(), manifest.totalBytes(), Math.round(taken.gateClosedMs()),
                    TimeUnit.NANOSECONDS.toMillis(keptNanos - begunNanos),
                    TimeUnit.NANOSECONDS.toMillis(spreadNanos - keptNanos));
            ready.complete(body);
        } catch (RuntimeException e) {
            LOG.warn("service {}: checkpoint {} does not count: {}", service.name(), taken.markIndex(), e.getMessage());
            ready.completeExceptionally(e);
        }
    }

    /** Has all others fetch it side by side; goes on once a majority holds it, without waiting for the rest. */
    private List<String> spread(long markIndex, String digest) {
        List<String> holders = Collections.synchronizedList(new ArrayList<>(List.of(node.self().name())));
        int majority = exchange.directory().members().size() / 2 + 1;
        CompletableFuture<Void> enough = new CompletableFuture<>();
        List<CompletableFuture<Void>> offers = exchange.directory().others().stream()
                .map(member -> CompletableFuture.runAsync(() -> {
                    if (offer(member, markIndex, digest) && holders.add(member.name()) && holders.size() >= majority) {
                        enough.complete(null);
                    }
                }, senders)).toList();
        CompletableFuture<Void> all = CompletableFuture.allOf(offers.toArray(CompletableFuture[]::new));
        CompletableFuture.anyOf(enough, all).join();
        return List.copyOf(holders);
    }

    /** Sees to it that a member holds a ready checkpoint; false when it cannot be had to. */
    boolean heldBy(String member, EntryBodies.Ready ready) {
        ClusterMember found = exchange.directory().find(member);
        return found != null && offer(found, ready.markIndex(), ready.manifestSha256());
    }

    private boolean offer(ClusterMember member, long markIndex, String digest) {
        try {
            return exchange.offerTo(member, markIndex, digest);
        } catch (IOException e) {
            LOG.info("service {}: {} did not take checkpoint {}: {}", service.name(), member.name(), markIndex,
                    e.getMessage());
            return false;
        }
    }

    /**
     * Service's thread, now and then: sees to it that the newest ready checkpoint is on this node and older ones go. A
     * node that comes back meets every ready checkpoint of the past again; only the newest is worth fetching.
     */
    void catchUp() {
        ServiceReplica by = replica;
        ServiceHistory.ReadyCheckpoint newest = by == null ? null : by.history().newestReady();
        if (newest == null || newest.body().markIndex() == caughtUpTo || System.nanoTime() - triedNanos < RETRY_NANOS) {
            return;
        }
        if (fetching.compareAndSet(false, true)) {
            triedNanos = System.nanoTime();
            thread.execute(() -> {
                try {
                    catchUpTo(newest);
                } finally {
                    fetching.set(false);
                }
            });
        }
    }

    private void catchUpTo(ServiceHistory.ReadyCheckpoint newest) {
        if (holds(newest)) {
            try {
                verified(newest.body());
            } catch (CheckpointDamagedException e) {
                LOG.error("service {}: checkpoint {} on this node is damaged and is fetched anew: {}", service.name(),
                        newest.body().markIndex(), e.getMessage());
                store.delete(newest.body().markIndex());
            }
        }
        if (!holds(newest)) {
            fetchFromAnybody(newest.body());
        }
        if (holds(newest)) {
            store.prune(config.keep(), Set.of(newest.body().markIndex()));
            verified.keySet().retainAll(store.list());
            caughtUpTo = newest.body().markIndex();
        }
    }

    private void keep(VerifiedCheckpoint checkpoint) {
        verified.put(checkpoint.markIndex(), checkpoint);
    }

    /**
     * The checkpoint, compared byte by byte with what was committed: when it was made or arrived, and again if somebody
     * has written to it since (I8).
     *
     * @throws CheckpointDamagedException when it is not what was committed
     */
    VerifiedCheckpoint verified(EntryBodies.Ready ready) {
        VerifiedCheckpoint known = verified.get(ready.markIndex());
        if (known == null || !known.manifestDigest().equals(ready.manifestSha256()) || !known.isUntouched()) {
            verified.remove(ready.markIndex());
            known = store.verify(ready.markIndex(), ready.manifestSha256());
            keep(known);
        }
        return known;
    }

    /**
     * What stands for the entries up to a checkpoint's mark, made on the checkpoint thread; null when its manifest cannot be
     * read, or when the mark is too old.
     */
    CompletableFuture<byte[]> snapshotAt(EntryBodies.Ready ready, ServiceReplica by) {
        return CompletableFuture.supplyAsync(() -> {
            ServiceHistory.Record history = by.history().asOf(ready.markIndex());
            try {
                return history == null ? null : new ServiceSnapshot(history,
                        CheckpointSections.of(verified(ready).manifest()).connections()).toBytes();
            } catch (CheckpointDamagedException e) {
                LOG.error("service {}: checkpoint {} cannot stand for entries: {}", service.name(), ready.markIndex(),
                        e.getMessage());
                return null;
            }
        }, thread);
    }

    private void fetchFromAnybody(EntryBodies.Ready body) {
        for (String holder : body.holders()) {
            if (!holder.equals(node.self().name())) {
                try {
                    exchange.fetch(body.markIndex(), holder, body.manifestSha256());
                    LOG.info("service {}: holds checkpoint {} now, from {}", service.name(), body.markIndex(), holder);
                    return;
                } catch (IOException | RuntimeException e) {
                    LOG.warn("service {}: checkpoint {} cannot be fetched from {}: {}", service.name(),
                            body.markIndex(), holder, e.getMessage());
                }
            }
        }
    }

    /** Whether this node holds the checkpoint under the committed digest of its manifest (I8). */
    boolean holds(ServiceHistory.ReadyCheckpoint checkpoint) {
        long markIndex = checkpoint.body().markIndex();
        return store.list().contains(markIndex)
                && store.manifestDigest(markIndex).equals(checkpoint.body().manifestSha256());
    }

    @Override
    public void close() {
        exchange.stopServing();
        thread.shutdownNow();
        senders.shutdownNow();
    }
}
