package io.holdfast.node.service;

import io.holdfast.journal.EntryKind;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.restore.checkpoint.RestoredWorkload;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.replay.FixReport;
import io.holdfast.restore.replay.JournalReplaySource;
import io.holdfast.restore.replay.ReplayOptions;
import io.holdfast.restore.replay.ReplayReport;
import io.holdfast.restore.replay.Replayer;
import io.holdfast.restore.replay.TakeoverFix;
import io.holdfast.restore.workload.Workload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What an elected node does to become primary, once, on the service's thread; also the first primary of a new service
 * comes to be this way. The steps are those of {@link TakeoverStep}.
 */
final class Takeover implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Takeover.class);
    /** What the clocks of two nodes may differ by: timestamps of TCP are put further ahead by this. */
    static final int TIMESTAMP_MARGIN_MS = 200;

    private final String nodeName;
    private final ServiceConfig service;
    private final ServiceNetwork network;
    private final ServiceReplica replica;
    private final CheckpointKeeper checkpoints;
    private final PacketPipeline pipeline;
    private final WorkloadRestorer restorer;
    private final long term;
    private final long electedIndex;
    private final Map<TcpTuple, String> doomed = new LinkedHashMap<>();
    private TakeoverFix fix;
    private long stepNanos = System.nanoTime();

    /**
     * @param term         the node leads
     * @param electedIndex last entry applied when it was elected: nothing after it reached an older workload
     */
    Takeover(String nodeName, ServiceConfig service, ServiceNetwork network, ServiceReplica replica,
             CheckpointKeeper checkpoints, PacketPipeline pipeline, Path workloadFile, long term, long electedIndex) {
        this.nodeName = nodeName;
        this.service = service;
        this.network = network;
        this.replica = replica;
        this.checkpoints = checkpoints;
        this.pipeline = pipeline;
        this.restorer = new WorkloadRestorer(service, checkpoints, workloadFile, network::forgetConnections);
        this.term = term;
        this.electedIndex = electedIndex;
    }

    /**
     * Runs every step.
     *
     * @throws LeadershipLostException when the term ended meanwhile
     */
    Primary run() {
        reached(TakeoverStep.ELECTED, "term " + term + ", entry " + electedIndex);
        pipeline.open(term);
        ConnectionTable table = ConnectionTable.of(replica.connections(), WorkloadRestorer.TABLE_CAPACITY);
        requireConfirmed(network.capture(term, table, () -> replica.leads(term)), "the leadership");
        reached(TakeoverStep.CAPTURED, "packets are held");
        RestoredWorkload restored = restorer.restore(replica);
        reached(TakeoverStep.RESTORED, restored.what() + ", process " + restored.workload().pid());
        if (service.recovery() == ServiceConfig.Recovery.REPLAY) {
            replayAndFix(restored);
        }
        awaitOldLease();
        requireLeading();
        requireConfirmed(network.goLive(term, () -> replica.leads(term)), "the lease");
        if (fix != null) {
            fix.kick();
        }
        reached(TakeoverStep.LIVE, replica.history().leaseIsFree(term) ? "lease held, handed over" : "lease held");
        return new Primary(term, restored.workload(), restored.markIndex(), checkpoints.enabled());
    }

    private void replayAndFix(RestoredWorkload restored) {
        JournalReplaySource packets = new JournalReplaySource(replica.journal()::read, restored.markIndex(), electedIndex,
                restored.inFlight());
        Replayer replayer = new Replayer(network.loopback(), network.sockets(), ReplayOptions.DEFAULT);
        ReplayReport report = replayer.replay(restored.table(), packets);
        reached(TakeoverStep.REPLAYED, "%d entries, %d held back, %d acknowledgements cut".formatted(report.entries(),
                report.held(), report.clamped()), Map.of(EntryBodies.Step.REPLAYED, report.entries()));
        fix = new TakeoverFix(network.sockets(), network.adjust(), network.loopback(), TIMESTAMP_MARGIN_MS);
        FixReport fixed = fix.fix(replayer, () -> processes(restored.workload()), WallClock.epochNanos());
        network.handshakes().resolve(report, fixed);
        fixed.survivors().forEach(s -> replica.survived(s.tuple(), s.delta()));
        fixed.doomed().forEach(d -> doomed.put(d.tuple(), d.reason().name()));
        reached(TakeoverStep.FIXED, fixed.survivors().size() + " connections carried, " + doomed.size() + " closed",
                Map.of(EntryBodies.Step.SURVIVED, (long) fixed.survivors().size(),
                        EntryBodies.Step.CLOSED, (long) doomed.size()));
    }

    /**
     * What has to wait until this node is the live primary, so that the guard lets it out: the last bytes of connections
     * the workload has closed, and the end of those that cannot be carried on exactly (I5), each with its reason in the
     * journal. Under the policy {@code restart} that is every connection of the image.
     */
    void finish() {
        if (service.recovery() == ServiceConfig.Recovery.RESTART) {
            for (TcpSocket socket : network.connections()) {
                doomed.put(socket.tuple(), "RESTARTED");
                network.sockets().destroy(socket.tuple());
            }
        }
        if (fix != null) {
            fix.finish();
        }
        doomed.forEach((tuple, reason) -> {
            LOG.warn("service {}: connection {} cannot be carried on and is closed: {}", service.name(), tuple, reason);
            replica.propose(EntryKind.CONNECTION_CLOSED, new EntryBodies.Closed(tuple.toString(), reason, nodeName, term));
        });
    }

    /** Gives up what {@link #finish} would have done. */
    @Override
    public void close() {
        if (fix != null) {
            fix.close();
        }
    }

    private static Collection<Integer> processes(Workload workload) {
        return workload.processes().stream().map(Long::intValue).toList();
    }

    /**
     * The kernel of an older primary may let it send until its lease ends; nobody else may until then (I2). One that handed
     * over has given it back before.
     */
    private void awaitOldLease() {
        if (replica.history().leaseIsFree(term)) {
            return;
        }
        long over = replica.previousLeaseBoundNanos()
                + TimeUnit.MILLISECONDS.toNanos(service.lease().durationMs() + service.lease().marginMs()
                + ServiceNetwork.MAX_LEASE_CALL_MS);
        for (long left = over - System.nanoTime(); left > 0; left = over - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private void requireConfirmed(boolean confirmed, String what) {
        if (!confirmed) {
            requireLeading();
            throw new IllegalStateException("no majority confirmed " + what);
        }
    }

    private void requireLeading() {
        if (!replica.leads(term)) {
            throw new LeadershipLostException(term);
        }
    }

    private void reached(TakeoverStep step, String detail) {
        reached(step, detail, Map.of());
    }

    private void reached(TakeoverStep step, String detail, Map<String, Long> counts) {
        requireLeading();
        long now = System.nanoTime();
        double elapsedMs = (now - stepNanos) / 1e6;
        stepNanos = now;
        LOG.info("service {}: takeover in term {}: {} after {} ms: {}", service.name(), term, step,
                String.format("%.1f", elapsedMs), detail);
        replica.propose(EntryKind.TAKEOVER_STEP, new EntryBodies.Step(step, nodeName, term, elapsedMs, detail, counts));
    }
}
