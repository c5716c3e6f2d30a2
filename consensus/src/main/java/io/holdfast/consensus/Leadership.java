package io.holdfast.consensus;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.holdfast.consensus.GroupStatus.PeerProgress;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: one leadership, from the election to its loss. Orders, replicates and commits entries.
 *
 * <p>Entries are appended here before they are sent on, so that nothing of a failed append leaves the node (I7); they are
 * forced meanwhile, and no answer of this leader's counts before that ({@link Forcing}). The
 * leader commits by counting only entries of its own term, beginning with the empty one it appends at once; older ones
 * are committed with it (Raft paper, 5.4.2 and figure 8; section 8 for the first entry). Each follower is served from its
 * own place, within a window that its acknowledgements move: one that fell behind catches up while the load goes on and
 * never holds up the others (dissertation, 10.2.1).
 */
final class Leadership {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final int BATCHES_A_TURN = 4;
    /** A follower silent for so long is asked only now and then: each try may hold up a connecting thread. */
    private static final long SILENT_NANOS = 2_000 * NANOS_PER_MS;
    private static final long SILENT_HEARTBEAT_NANOS = 500 * NANOS_PER_MS;

    private record Waiting(long index, CompletableFuture<Long> future) {
    }

    private final GroupRaft raft;
    private final GroupConfig config;
    private final Journal journal;
    private final ProposalRing proposals;
    private final List<Peer> peers;
    private final Distribution distribution;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long[] places = new long[8];
    private final LeaseEvidence evidence;
    private final Forcing forcing;
    private final Intake intake;

    private final long term;
    private long termStartIndex;
    /** The last entry of the round before the newest one. */
    private long roundBeforeEnd;
    private boolean open;
    private long nextHeartbeat;
    private long beganNanos;

    Leadership(GroupRaft raft, Journal journal, ProposalRing proposals) {
        this.raft = raft;
        this.config = raft.config();
        this.journal = journal;
        this.proposals = proposals;
        this.peers = raft.peers();
        this.distribution = new Distribution(raft, journal);
        this.evidence = new LeaseEvidence(raft.roster());
        this.forcing = new Forcing(raft, journal, raft.beside());
        this.term = raft.term();
        this.intake = new Intake(proposals, term, config.batchBytes(), this::take);
    }

    void begin(long now) {
        beganNanos = now;
        nextHeartbeat = now;
        long last = journal.lastIndex();
        for (Peer peer : peers) {
            peer.startLed(last + 1, now);
        }
        termStartIndex = last + 1;
        append(EntryKind.TERM_START, raft.roster().toState());
        heartbeat(now);
        distribution.serve(now, now);
        advanceCommit();
    }

    /** Appends and sends another configuration, which is in force at once; returns its entry's index. */
    long append(Configuration configuration) {
        long index = append(EntryKind.GROUP_INTERNAL, configuration);
        distribution.serveAll(raft.nanoTime());
        advanceCommit();
        return index;
    }

    private long append(EntryKind kind, Configuration configuration) {
        byte[] command = Command.encode(kind, 0, System.currentTimeMillis() * NANOS_PER_MS, configuration.encode());
        long index = journal.append(term, kind == EntryKind.GROUP_INTERNAL, command, 0, command.length);
        raft.appended(index, command, 0, command.length);
        raft.syncIfAsked();
        forcing.forced(index);
        return index;
    }

    boolean isOpen() {
        return open;
    }

    /** Takes no new proposals; those taken are carried on with. */
    void pause() {
        proposals.pause();
    }

    void resume() {
        proposals.open();
    }

    boolean nothingWaits() {
        return proposals.isEmpty();
    }

    /** The group goes on without this member: it says so, names its successor and follows. */
    void leave(long now, Peer successor) {
        LOG.info("{}: removed from the group, leaves the lead of term {}", config.self(), term);
        heartbeat(now);
        if (successor != null) {
            raft.outbox().send(successor, MessageKind.TIMEOUT_NOW, true, 0, 0, 0, 0);
        }
        raft.follow(term, null);
    }

    /** Fails who waits; their entries may still be committed by a later leader. */
    void end() {
        List<CompletableFuture<Long>> untaken = proposals.close();
        NotLeaderException reason = new NotLeaderException(term, null);
        waiting.forEach(w -> w.future().completeExceptionally(reason));
        waiting.clear();
        untaken.forEach(f -> f.completeExceptionally(reason));
    }

    // ---- new entries

    /**
     * Appends and sends what was proposed; returns whether more waits.
     *
     * @param looksAgainBy when at the latest this is called again
     */
    boolean takeProposals(long looksAgainBy) {
        boolean more = true;
        for (int i = 0; more && i < BATCHES_A_TURN; i++) {
            more = hasRoom() && appendBatch();
            distribution.serve(raft.nanoTime(), looksAgainBy);
        }
        return more;
    }

    /**
     * Whether another round may begin. While two are under way, what is proposed waits for the older one and leaves with
     * all that came in meanwhile: rounds cost the same whatever they carry.
     */
    boolean hasRoom() {
        return raft.committed() >= roundBeforeEnd && distribution.hasRoom(raft.nanoTime(), proposals.bytes());
    }

    private boolean appendBatch() {
        if (proposals.isEmpty()) {
            return false; // also of a journal that failed meanwhile nothing is asked
        }
        long previous = journal.lastIndex();
        long index = journal.append(intake.behind(previous));
        if (index == previous) {
            return false;
        }
        roundBeforeEnd = Math.max(previous, termStartIndex);
        raft.appendedTo(index);
        forcing.appended(index);
        distribution.appended(raft.nanoTime());
        advanceCommit();
        return true;
    }

    private void take(long index, byte[] command, int offset, int length) {
        distribution.add(index, command, offset, length);
        CompletableFuture<Long> future = proposals.take();
        if (future != null) {
            waiting.add(new Waiting(index, future));
        }
    }

    // ---- followers

    /** Another process under the same name: its journal may have lost what was not forced to disk. */
    void restarted(Peer peer) {
        peer.startLed(journal.lastIndex() + 1, raft.nanoTime());
        peer.nextIndex = journal.lastIndex();
    }

    private void onSnapshotAnswer(Peer peer, GroupHeader header) {
        OutgoingSnapshot sending = peer.snapshot;
        if (sending == null || header.a != sending.index()) {
            return;
        }
        if (sending.holds(header.b, raft.nanoTime())) {
            peer.snapshot = null;
            peer.probeFrom(sending.index() + 1, raft.nanoTime());
            acknowledged(peer, sending.index());
        } else if (header.granted()) {
            sending.send(raft.outbox(), peer, config);
        }
    }

    /** The first entry that a follower which was heard lately may still be sent. */
    long neededFrom(long now) {
        long needed = Long.MAX_VALUE;
        for (Peer peer : peers) {
            if (peer.heardWithin(config.stepDownMs() * NANOS_PER_MS, now)) {
                needed = Math.min(needed, 1 + Math.max(peer.matchIndex, peer.snapshot == null ? 0 : peer.snapshot.index()));
            }
        }
        return needed;
    }

    void onAnswer(MessageKind kind, Peer peer, GroupHeader header) {
        peer.commitIndex = Math.max(peer.commitIndex, header.c);
        if (kind == MessageKind.HEARTBEAT_ANSWER) {
            onHeartbeatAnswer(peer, header);
        } else if (kind == MessageKind.SNAPSHOT_ANSWER) {
            onSnapshotAnswer(peer, header);
        } else if (header.granted()) {
            acknowledged(peer, header.a);
        } else {
            refused(peer, header);
        }
    }

    private void acknowledged(Peer peer, long index) {
        if (index > journal.lastIndex()) {
            throw new IllegalStateException(peer.name + " acknowledges entry " + index + " of term " + term
                    + ", which ends at " + journal.lastIndex());
        }
        peer.acknowledged(index, raft.nanoTime());
        if (peer.snapshot != null && index >= peer.snapshot.index()) {
            peer.snapshot = null;
            peer.progress = PeerProgress.PROBING;
        }
        if (peer.progress == PeerProgress.PROBING && !peer.inFlight()) {
            peer.progress = PeerProgress.STREAMING;
        }
        advanceCommit();
    }

    private void refused(Peer peer, GroupHeader header) {
        boolean stale = peer.snapshot != null || header.b <= peer.matchIndex || header.b >= peer.nextIndex;
        if (stale) {
            return;
        }
        peer.probeFrom(Math.min(header.a, header.b - 1) + 1, raft.nanoTime());
    }

    private void onHeartbeatAnswer(Peer peer, GroupHeader header) {
        if (!header.granted()) {
            return;
        }
        peer.answeredHeartbeat(header.a);
        if (header.b > peer.matchIndex) {
            acknowledged(peer, header.b);
        }
        if (evidence.answered(peers, raft.nanoTime()) && open) {
            raft.listener().onLeaseEvidence(term, evidence.sentNanos());
        }
    }

    // ---- commit

    boolean isForcedBy(Forcing other) {
        return forcing == other;
    }

    /**
     * The highest entry that a majority holds is committed if it is of this term (Raft, 5.4.2), and if this leader holds it
     * for good: the commit index it remembers is never ahead of its own disk.
     */
    void advanceCommit() {
        if (places.length <= peers.size()) {
            places = new long[2 * peers.size()];
        }
        int voters = 0;
        if (raft.roster().selfVotes()) {
            places[voters++] = forcing.upTo();
        }
        for (int i = 0; i < peers.size(); i++) {
            if (peers.get(i).voter) {
                places[voters++] = peers.get(i).matchIndex;
            }
        }
        Arrays.sort(places, 0, voters);
        long held = Math.min(places[voters - raft.roster().majority()], forcing.upTo());
        if (held > raft.committed() && held >= termStartIndex) {
            raft.commitTo(held);
        }
    }

    void applied(long index, boolean internal) {
        if (index < termStartIndex) {
            return;
        }
        if (index == termStartIndex) {
            open = true;
            raft.campaign().memory().holdsEverything();
            LOG.info("{}: leads term {} from entry {} on, {} us after its election", config.self(), term, index,
                    (raft.nanoTime() - beganNanos) / 1000);
            raft.listener().onLeader(term);
            proposals.open();
            // The first entry was sent after the election, and a majority has just acknowledged it.
            raft.listener().onLeaseEvidence(term, beganNanos);
            return;
        }
        if (!internal) {
            proposals.settle(1);
        }
        while (!waiting.isEmpty() && waiting.peekFirst().index() <= index) {
            waiting.removeFirst().future().complete(index);
        }
    }

    // ---- time

    /** Returns when something is due next. */
    long tick(long now) {
        if (now - nextHeartbeat >= 0) {
            heartbeat(now);
            resendStalled(now);
            distribution.serve(now, now);
            sendOff(now);
            if (mustStepDown(now)) {
                raft.follow(term, null);
                return now;
            }
        }
        return distribution.due(now, nextHeartbeat);
    }

    private void heartbeat(long now) {
        nextHeartbeat = now + config.leaseHeartbeatMs() * NANOS_PER_MS;
        raft.replica().sentOwnHeartbeat(now);
        for (Peer peer : peers) {
            boolean silent = !peer.heardWithin(SILENT_NANOS, now) && now - beganNanos > SILENT_NANOS;
            if (silent && now - peer.heartbeatSentNanos < SILENT_HEARTBEAT_NANOS) {
                continue;
            }
            peer.heartbeatSentNanos = now;
            raft.outbox().send(peer, MessageKind.HEARTBEAT, true, now, raft.committed(), termStartIndex, peer.wholeProcess());
        }
        if (raft.roster().majority() == 1 && open && evidence.answered(peers, now)) {
            raft.listener().onLeaseEvidence(term, evidence.sentNanos());
        }
    }

    /** A message or its answer was lost, or the follower lost its journal's tail: start again behind what it holds. */
    private void resendStalled(long now) {
        for (Peer peer : peers) {
            boolean lacks = peer.matchIndex < journal.lastIndex() && (peer.inFlight() || peer.nextIndex > journal.lastIndex());
            if (peer.snapshot != null) {
                resumeSnapshot(peer, now);
            } else if (lacks && now - peer.progressNanos > config.resendMs() * NANOS_PER_MS
                    && peer.heardWithin(config.stepDownMs() * NANOS_PER_MS, now)) {
                peer.probeFrom(peer.resendIndex(), now);
            }
        }
    }

    private void resumeSnapshot(Peer peer, long now) {
        if (peer.snapshot.stalled(config.resendMs() * NANOS_PER_MS, now)
                && peer.heardWithin(config.stepDownMs() * NANOS_PER_MS, now)) {
            peer.snapshot.resume(now);
            peer.snapshot.send(raft.outbox(), peer, config);
        }
    }

    /** Who was removed is sent entries until it has committed its own removal, or shows no sign of it. */
    private void sendOff(long now) {
        for (Peer peer : List.copyOf(peers)) {
            boolean told = peer.commitIndex >= peer.leavingIndex || now - peer.leavingDeadline >= 0;
            if (peer.leavingIndex > 0 && raft.committed() >= peer.leavingIndex && told) {
                raft.roster().retire(peer);
            }
        }
    }

    private boolean mustStepDown(long now) {
        if (noMajorityHeard(now)) {
            LOG.warn("{}: no majority answered for {} ms, stepping down in term {}", config.self(), config.stepDownMs(), term);
            return true;
        }
        if (raft.campaign().disk().hangs(now) && raft.roster().majority() > 1) {
            LOG.error("{}: the disk has not ended a force for {} ms, stepping down in term {}: another member's may be better",
                    config.self(), config.stepDownMs(), term);
            return true;
        }
        return false;
    }

    private boolean noMajorityHeard(long now) {
        long nanos = config.stepDownMs() * NANOS_PER_MS;
        if (now - beganNanos < nanos) {
            return false;
        }
        int heard = raft.roster().selfVotes() ? 1 : 0;
        for (Peer peer : peers) {
            if (peer.voter && peer.heardWithin(nanos, now)) {
                heard++;
            }
        }
        return heard < raft.roster().majority();
    }
}
