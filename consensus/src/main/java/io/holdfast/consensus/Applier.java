package io.holdfast.consensus;

import java.util.List;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.Snapshot;

/** Owned by the runner thread: gives committed entries to the listener, in index order and each once. */
final class Applier {
    private static final int APPLIED_A_TURN = 4096;

    private final Journal journal;
    private final GroupListener listener;
    private final Shown shown;
    private final Roster roster;
    private final JournalEntry entry = new JournalEntry();
    private long applied;
    private boolean begun;

    Applier(Journal journal, GroupListener listener, Shown shown, Roster roster) {
        this.journal = journal;
        this.listener = listener;
        this.shown = shown;
        this.roster = roster;
    }

    private void beginBehindSnapshot() {
        if (journal.floorIndex() > 0) {
            Snapshot snapshot = journal.snapshot();
            restore(snapshot.index(), snapshot.term(), GroupSnapshot.decode(snapshot.bytes()));
        }
    }

    /** The state behind these entries is given as a whole, not entry by entry. */
    void restore(long index, long term, GroupSnapshot snapshot) {
        listener.onSnapshot(index, term, snapshot.state());
        listener.onMembers(index, snapshot.configuration().members());
        applied = index;
        shown.appliedIndex = index;
    }

    long applied() {
        return applied;
    }

    /** Returns whether more waits: a long journal is applied in pieces, so that heartbeats are answered meanwhile. */
    boolean applyTo(long commitIndex, Leadership leadership) {
        if (!begun) {
            begun = true;
            beginBehindSnapshot();
        }
        long limit = Math.min(commitIndex, applied + APPLIED_A_TURN);
        if (applied >= limit) {
            return false;
        }
        while (applied < limit) {
            long index = applied + 1;
            if (!journal.read(index, entry)) {
                throw new IllegalStateException("committed entry " + index + " is not in the journal");
            }
            boolean internal = entry.internal() || entry.kind() == EntryKind.GROUP_INTERNAL;
            if (!internal) {
                listener.onCommitted(index, entry.term(), entry.buffer(), entry.commandOffset(), entry.commandLength());
            }
            List<Member> members = roster.statedBy(index);
            if (members != null) {
                listener.onMembers(index, members);
            }
            applied = index;
            shown.appliedIndex = index;
            if (leadership != null) {
                leadership.applied(index, internal);
            }
        }
        listener.onCommittedAll();
        return applied < commitIndex;
    }
}
