package io.holdfast.consensus;

import java.util.List;

import io.holdfast.consensus.GroupStatus.PeerProgress;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by whoever has the turn: what each follower is sent, and when, during one leadership.
 *
 * <p><b>In turns.</b> A message costs its sender and its receiver about the same whatever it carries, and an entry is
 * committed when a majority holds it. So new entries go to no more followers at first than that takes, to those served
 * longest ago, and a follower is sent its next message when it has answered the last one, with everything that came in
 * meanwhile. In a group of three two followers take turns, each half a round trip behind the other: half as many messages
 * as to both each time, twice as large, and an entry waits for half a round trip at most. What a follower lacks beyond that
 * it is sent after {@link GroupConfig#lagMs()}, busy or not with something else: for its own sake, and in place of one that
 * does not answer. Where a whole message waits for it there is nothing to gather, and its next one does not wait for the answer.
 *
 * <p><b>Not in turns</b> are those of whom no quick answer is to be expected: who was asked longer ago than that and has
 * not answered, who usually takes longer than the quickest, who is behind or not known to match. They are served each from
 * its own place, within a window that their answers move, and hold up nobody (dissertation, 10.2.1).
 */
final class Distribution {
    private static final Logger LOG = LoggerFactory.getLogger(Distribution.class);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final int RECENT_MESSAGES = 4;
    /** For so long behind an entry the runner looks after those which lag. */
    private static final long ACTIVE_NANOS = 10 * NANOS_PER_MS;
    /** Answers in one network differ by less, as long as there is a processor for each. */
    private static final long NEAR_NANOS = 250_000;

    private final GroupRaft raft;
    private final GroupConfig config;
    private final Journal journal;
    private final List<Peer> peers;
    private final long lagNanos;
    private final RecentEntries recent;
    private final EntryBatch older = new EntryBatch();
    private final JournalEntry reading = new JournalEntry();
    private long appendedNanos;
    /** How many followers make a majority with this member, how many can be relied on for it, and how many of those wait for work. */
    private int wanted;
    private int inTurns;
    private int free;
    private long quickestNanos;

    Distribution(GroupRaft raft, Journal journal) {
        this.raft = raft;
        this.config = raft.config();
        this.journal = journal;
        this.peers = raft.peers();
        this.lagNanos = config.lagMs() * NANOS_PER_MS;
        this.recent = new RecentEntries(RECENT_MESSAGES * config.batchBytes());
        this.appendedNanos = raft.nanoTime();
    }

    /** A new entry of the workload's, which was appended. */
    void add(long index, byte[] command, int offset, int length) {
        recent.add(index, raft.term(), command, offset, length);
    }

    /**
     * Whether somebody waits for new entries who makes a majority with this member, or nobody can be relied on for that.
     *
     * @param proposedBytes how many bytes wait for being appended
     */
    boolean hasRoom(long now, long proposedBytes) {
        look(now, proposedBytes);
        return free >= wanted || inTurns < wanted;
    }

    private void look(long now, long proposedBytes) {
        wanted = raft.roster().majority() - (raft.roster().selfVotes() ? 1 : 0);
        quickestNanos = Long.MAX_VALUE;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.voter && peer.answerNanos > 0) {
                quickestNanos = Math.min(quickestNanos, peer.answerNanos);
            }
        }
        inTurns = 0;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            peer.inTurns = takesTurns(peer, now);
            inTurns += peer.inTurns && peer.voter ? 1 : 0;
        }
        free = 0;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            free += peer.inTurns && peer.voter && isFree(peer, proposedBytes) ? 1 : 0;
        }
    }

    private boolean takesTurns(Peer peer, long now) {
        boolean abreast = peer.nextIndex > journal.lastIndex() || recent.holds(peer.nextIndex);
        boolean near = peer.answerNanos <= 2 * Math.min(quickestNanos, Long.MAX_VALUE / 4) + NEAR_NANOS;
        return peer.progress == PeerProgress.STREAMING && peer.snapshot == null && abreast && near && !peer.late(lagNanos, now);
    }

    /** Where there is only one to rely on its next message does not wait for the answer: two rounds are under way in any case. */
    private boolean isFree(Peer peer, long proposedBytes) {
        boolean nothingToGather = recent.bytesFrom(peer.nextIndex) + proposedBytes >= config.batchBytes();
        return peer.messagesInFlight() < (inTurns < 2 * wanted || nothingToGather ? 2 : 1);
    }

    /**
     * Sends what is due.
     *
     * @param looksAgainBy when at the latest this is called again; too late for who lags, and nobody may
     */
    void serve(long now, long looksAgainBy) {
        look(now, 0);
        if (inTurns < wanted || looksAgainBy - now > lagNanos) {
            serveAll(now);
            return;
        }
        long last = journal.lastIndex();
        for (int missing = wanted - served(last); missing > 0; missing--) {
            Peer next = servedLongestAgo(last);
            if (next == null) {
                break;
            }
            replicate(next, now);
        }
        serveOthers(last, now);
    }

    /** How many of those who take turns were sent everything. */
    private int served(long last) {
        int served = 0;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            served += peer.inTurns && peer.voter && peer.nextIndex > last ? 1 : 0;
        }
        return served;
    }

    /** Sends each what it lacks, as far as its window has room. */
    void serveAll(long now) {
        for (int i = 0; i < peers.size(); i++) {
            replicate(peers.get(i), now);
        }
    }

    private Peer servedLongestAgo(long last) {
        Peer longest = null;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            boolean fit = peer.inTurns && peer.voter && peer.nextIndex <= last && isFree(peer, 0);
            if (fit && (longest == null || peer.nextIndex < longest.nextIndex)) {
                longest = peer;
            }
        }
        return longest;
    }

    /** Those who lag for long enough, and those not in turns; they come last, since nobody waits for them. */
    private void serveOthers(long last, long now) {
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.nextIndex > last) {
                peer.lags = false;
            } else if (!peer.inTurns || peer.lags && now - peer.lagsSinceNanos >= lagNanos) {
                replicate(peer, now);
            } else if (!peer.lags) {
                peer.lags = true;
                peer.lagsSinceNanos = now;
            }
        }
    }

    /** New entries were appended. */
    void appended(long now) {
        appendedNanos = now;
    }

    /** When it is time to look again; at that other time at the latest. */
    long due(long now, long otherwise) {
        long due = now - appendedNanos < ACTIVE_NANOS ? Math.min(otherwise, now + lagNanos) : otherwise;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.lags) {
                due = Math.min(due, peer.lagsSinceNanos + lagNanos);
            }
        }
        return due;
    }

    /** Sends what this follower lacks, as far as its window has room. */
    private void replicate(Peer peer, long now) {
        peer.lags = false;
        while (peer.snapshot == null && peer.nextIndex <= journal.lastIndex() && peer.hasRoom(config.windowBytes())) {
            if (peer.nextIndex <= journal.floorIndex()) {
                sendSnapshot(peer);
            } else if (recent.holds(peer.nextIndex)) {
                sendRecent(peer, now);
            } else {
                sendFromJournal(peer, now);
            }
        }
    }

    private void sendRecent(Peer peer, long now) {
        long from = peer.nextIndex;
        long to = recent.endOfMessage(from, config.batchBytes());
        int bytes = recent.bytes(from, to);
        raft.outbox().sendEntries(peer, recent.buffer(from), recent.offset(from), bytes, from - 1, journal.termAt(from - 1),
                recent.checksum(from, to));
        peer.sent(to, bytes, now);
    }

    private void sendFromJournal(Peer peer, long now) {
        long from = peer.nextIndex;
        long last = journal.lastIndex();
        older.clear();
        long index = from;
        while (index <= last && older.bytes() < config.batchBytes()) {
            if (!journal.read(index, reading)) {
                throw new IllegalStateException("entry " + index + " is not in the journal, which ends at " + last);
            }
            older.add(reading.term(), reading.internal(), reading.buffer(), reading.commandOffset(),
                    reading.commandLength());
            index++;
        }
        long checksum = older.checksum(older.buffer(), 0, older.bytes());
        raft.outbox().sendEntries(peer, older.buffer(), 0, older.bytes(), from - 1, journal.termAt(from - 1), checksum);
        peer.sent(index - 1, older.bytes(), now);
    }

    /** What it needs is no longer in the journal. */
    private void sendSnapshot(Peer peer) {
        peer.snapshot = new OutgoingSnapshot(journal.snapshot(), raft.nanoTime());
        peer.progress = PeerProgress.SNAPSHOT;
        peer.forgetInFlight();
        LOG.info("{}: {} needs entry {}, but the journal here begins behind {}: sending the snapshot of entry {}",
                config.self(), peer.name, peer.nextIndex, journal.floorIndex(), peer.snapshot.index());
        peer.snapshot.send(raft.outbox(), peer, config);
    }
}
