package io.holdfast.consensus;

import io.holdfast.journal.Journal;
import org.jgroups.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: the follower's side. Takes a leader's entries and acknowledges what it has compared.
 *
 * <p>The stock follower acknowledges its last entry, whosever that is. This one keeps {@link #verified}, the highest
 * index at which its journal was compared with the journal of the leader of this very term, acknowledges no more than
 * that and commits no more than that (Raft paper, figure 2, AppendEntries, rules 2 to 5: "last new entry").
 */
final class Replica {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    private final GroupRaft raft;
    private final Journal journal;
    private final EntryBatch batch = new EntryBatch();

    private long verified;
    private Peer owedAnswer;
    private long leaderCommit;
    /** True at first: a process that died may have appended what it did not force. */
    private boolean unsynced = true;
    private long answeredNanos;

    Replica(GroupRaft raft, Journal journal) {
        this.raft = raft;
        this.journal = journal;
        // A process that died a moment ago under this name may have answered until then.
        this.answeredNanos = raft.nanoTime();
    }

    /** Nothing was compared with the leader of the new term yet; what this member appended as a leader may not be forced. */
    void newTerm() {
        unsynced = true;
        verified = 0;
        leaderCommit = 0;
        owedAnswer = null;
    }

    void onAppend(Peer from, GroupHeader header, Message message) {
        if (header.currTerm() < raft.term()) {
            refuse(from, header); // the answer's term tells the old leader (Raft, 5.1)
            return;
        }
        if (!payloadIsWhole(header, message)) {
            LOG.warn("{}: dropped damaged entries from {}: {}", raft.config().self(), from.name, header);
            return;
        }
        heardLeader(from);
        if (!matches(header.a, header.b)) {
            refuse(from, header);
            return;
        }
        verified = Math.max(verified, place(header.a));
        leaderCommit = Math.max(leaderCommit, header.c);
        owedAnswer = from;
    }

    private boolean payloadIsWhole(GroupHeader header, Message message) {
        byte[] bytes = message.getArray();
        return bytes != null && batch.checksum(bytes, message.getOffset(), message.getLength()) == header.d
                && batch.wrap(bytes, message.getOffset(), message.getLength());
    }

    void heardLeader(Peer from) {
        if (!raft.isLeader(from)) {
            raft.follow(raft.term(), from);
        }
        raft.campaign().heardLeader(raft.nanoTime());
    }

    /** Raft, figure 2, AppendEntries rule 2. Entry 0 is the same everywhere. */
    private boolean matches(long index, long term) {
        if (index == 0) {
            return true;
        }
        if (index < journal.floorIndex()) {
            return true; // committed, and gone into a snapshot
        }
        boolean same = index <= journal.lastIndex() && journal.termAt(index) == term;
        if (!same && index <= raft.committed()) {
            throw new IllegalStateException("committed entry " + index + " has term " + journal.termAt(index)
                    + " here and term " + term + " on the leader of term " + raft.term());
        }
        return same;
    }

    /**
     * Raft, figure 2, AppendEntries rules 3 and 4: only a real conflict cuts; what is here already is left alone. Returns the
     * index of the last entry of the batch.
     */
    private long place(long previous) {
        long index = previous;
        while (batch.next()) {
            index++;
            if (!isHere(index)) {
                appendFrom(index);
                return previous + batch.count();
            }
        }
        return index;
    }

    private boolean isHere(long index) {
        if (index <= journal.floorIndex()) {
            return true;
        }
        if (index > journal.lastIndex()) {
            return false;
        }
        if (journal.termAt(index) == batch.term()) {
            return true;
        }
        cutFrom(index);
        return false;
    }

    /** The entry walked to last, and all behind it. */
    private void appendFrom(long first) {
        int offset = batch.offset();
        unsynced = true;
        batch.backTo(offset);
        long last = journal.append(batch);
        batch.backTo(offset);
        long index = first;
        while (batch.next()) {
            raft.appended(index++, batch.buffer(), batch.offset(), batch.length());
        }
        if (last != index - 1) {
            throw new IllegalStateException("entries " + first + " to " + (index - 1) + " were appended up to " + last);
        }
    }

    private void cutFrom(long index) {
        if (index <= raft.committed() || index <= verified) {
            throw new IllegalStateException("the leader of term " + raft.term() + " wants to replace entry " + index
                    + ", but entries are committed up to " + raft.committed() + " and compared up to " + verified);
        }
        LOG.info("{}: cutting entries {} to {}: the leader of term {} has others", raft.config().self(), index,
                journal.lastIndex(), raft.term());
        journal.cutTail(index);
        unsynced = true;
        raft.cutFrom(index);
    }

    /**
     * Where to try next: behind the last entry if the journal is shorter; otherwise behind the last committed entry,
     * which every later leader has too (Raft, 5.4.3, leader completeness).
     */
    private void refuse(Peer from, GroupHeader header) {
        long hint = header.a > journal.lastIndex() ? journal.lastIndex() : Math.min(raft.committed(), header.a - 1);
        answer(from, MessageKind.APPEND_ANSWER, false, Math.max(0, hint), header.a);
    }

    /** One acknowledgement for all the entries of a turn, after they are as durable as configured. */
    void answer() {
        if (owedAnswer == null) {
            return;
        }
        commitAsFarAsSafe();
        answeredNanos = raft.nanoTime();
        answer(owedAnswer, MessageKind.APPEND_ANSWER, true, verified, 0);
        owedAnswer = null;
    }

    private void answer(Peer to, MessageKind kind, boolean granted, long a, long b) {
        raft.outbox().send(to, kind, granted, a, b, raft.committed(), journal.lastIndex());
    }

    /** The commit index is remembered behind the entries: after a power cut it must not be ahead of them. */
    private void commitAsFarAsSafe() {
        if (unsynced) {
            raft.syncIfAsked();
            unsynced = false;
        }
        raft.commitTo(Math.min(leaderCommit, verified));
    }

    void onHeartbeat(Peer from, GroupHeader header) {
        if (header.currTerm() < raft.term()) {
            answer(from, MessageKind.HEARTBEAT_ANSWER, false, header.a, 0);
            return;
        }
        heardLeader(from);
        requireSameCommitted(header.c);
        raft.campaign().memory().toldWhole(header.d);
        leaderCommit = Math.max(leaderCommit, header.b);
        commitAsFarAsSafe();
        answeredNanos = raft.nanoTime();
        answer(from, MessageKind.HEARTBEAT_ANSWER, true, header.a, verified);
    }

    /**
     * A leader holds every committed entry in front of its term's first (Raft, 5.4.3). When another entry is committed here
     * in that very place, one of the two journals is of an older state or of another history: this member stops (I7).
     */
    private void requireSameCommitted(long termStart) {
        boolean held = termStart > journal.floorIndex() && termStart <= raft.committed();
        if (held && journal.termAt(termStart) != raft.term()) {
            throw new IllegalStateException("entries up to " + raft.committed() + " are committed here, but the leader of term "
                    + raft.term() + " began its term at entry " + termStart + ", which has term " + journal.termAt(termStart)
                    + " here: one of the two journals is of another history");
        }
    }

    /** The journal is known to be the leader's up to this entry, which is committed. */
    void sameAsLeaderTo(long index) {
        verified = Math.max(verified, index);
        leaderCommit = Math.max(leaderCommit, index);
        commitAsFarAsSafe();
    }

    /** A leader counts itself among those who answered, at the moment it sent. */
    void sentOwnHeartbeat(long sentNanos) {
        answeredNanos = sentNanos;
    }

    /** When this member last said yes to a leader, itself included; never after it has left that leader's term. */
    long answeredNanos() {
        return answeredNanos;
    }
}
