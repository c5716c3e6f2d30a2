package io.holdfast.consensus;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.function.ObjLongConsumer;

import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.Snapshot;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.protocols.raft.Log;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.LogEntry;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.raft.util.Utils;
import org.jgroups.util.ExtendedUUID;
import org.jgroups.util.Util;

/**
 * Used by the runner thread, {@link #get} by any: the journal and the vote store in the shape of jgroups-raft's log.
 *
 * <p>There is no second copy: each method goes to the journal. Journal and votes belong to the node, which opened them
 * and closes them. A term or vote is on stable storage when the call returns (Raft, figure 2).
 */
final class JournalLog implements Log {
    private final Journal journal;
    private final VoteStore votes;

    JournalLog(Journal journal, VoteStore votes) {
        this.journal = journal;
        this.votes = votes;
    }

    @Override
    public void init(String logName, Map<String, String> args) {
        // Opened by the node before it joins.
    }

    /**
     * Before the group starts. After a power cut the snapshot, which was forced, may be ahead of the commit index and even
     * of the entries.
     */
    void begin() {
        Snapshot snapshot = journal.snapshot();
        if (snapshot != null && snapshot.index() > journal.lastIndex()) {
            journal.installSnapshot(snapshot.index(), snapshot.term(), snapshot.bytes());
        } else if (snapshot != null && snapshot.index() > journal.commitIndex()) {
            journal.commitIndex(snapshot.index());
        }
        if (journal.commitIndex() > journal.lastIndex()) {
            throw new IllegalStateException("commit index " + journal.commitIndex() + " is behind the journal's last entry "
                    + journal.lastIndex());
        }
    }

    @Override
    public Log useFsync(boolean force) {
        // Votes are always forced; entries by the group, before it acknowledges them.
        return this;
    }

    @Override
    public boolean useFsync() {
        return true;
    }

    @Override
    public void delete() {
        throw new IllegalStateException("the journal is never deleted by the group");
    }

    @Override
    public long currentTerm() {
        return votes.term();
    }

    @Override
    public Log currentTerm(long newTerm) {
        if (newTerm > votes.term()) {
            votes.save(newTerm, null);
        }
        return this;
    }

    /**
     * An address that carries the raft_id voted for. A member gets another UUID each time it starts, so it never equals
     * the address of a live one: compare {@link #votedForName()}.
     */
    @Override
    public Address votedFor() {
        String name = votes.votedFor();
        return name == null ? null : new ExtendedUUID(0, name.hashCode()).put(RAFT.raft_id_key, Util.stringToBytes(name));
    }

    String votedForName() {
        return votes.votedFor();
    }

    @Override
    public Log votedFor(Address member) {
        if (member != null) {
            votes.save(votes.term(), Utils.extractRaftId(member));
        } else if (votes.votedFor() != null) {
            throw new IllegalStateException("vote of term " + votes.term() + " cannot be taken back");
        }
        return this;
    }

    @Override
    public long commitIndex() {
        return journal.commitIndex();
    }

    @Override
    public Log commitIndex(long newIndex) {
        journal.commitIndex(newIndex);
        return this;
    }

    @Override
    public long firstAppended() {
        return journal.firstIndex();
    }

    @Override
    public long lastAppended() {
        return journal.lastIndex();
    }

    @Override
    public void setSnapshot(ByteBuffer snapshot) {
        throw new IllegalStateException("the group installs snapshots itself");
    }

    @Override
    public ByteBuffer getSnapshot() {
        return null;
    }

    @Override
    public long append(long index, LogEntries entries) {
        if (index != journal.lastIndex() + 1) {
            throw new IllegalStateException("append at " + index + " behind " + journal.lastIndex());
        }
        for (LogEntry entry : entries) {
            journal.append(entry.term(), entry.internal(), entry.command(), entry.offset(), entry.length());
        }
        return journal.lastIndex();
    }

    @Override
    public LogEntry get(long index) {
        JournalEntry entry = new JournalEntry();
        if (!journal.read(index, entry)) {
            return null;
        }
        byte[] command = Arrays.copyOfRange(entry.buffer(), entry.commandOffset(),
                entry.commandOffset() + entry.commandLength());
        return new LogEntry(entry.term(), command, 0, command.length, entry.internal());
    }

    @Override
    public void truncate(long indexExclusive) {
        // Says only that the prefix may go; the journal's retention decides when it does.
    }

    @Override
    public void reinitializeTo(long index, LogEntry entry) {
        throw new IllegalStateException("the group installs snapshots itself");
    }

    @Override
    public void deleteAllEntriesStartingFrom(long startIndex) {
        if (startIndex <= journal.lastIndex()) {
            journal.cutTail(startIndex);
        }
    }

    @Override
    public void forEach(ObjLongConsumer<LogEntry> function, long startIndex, long endIndex) {
        long last = Math.min(endIndex, journal.lastIndex());
        for (long index = Math.max(Math.max(1, startIndex), journal.firstIndex()); index <= last; index++) {
            function.accept(get(index), index);
        }
    }

    @Override
    public void forEach(ObjLongConsumer<LogEntry> function) {
        forEach(function, journal.firstIndex(), journal.lastIndex());
    }

    /** Not known and not used: the group never asks for a snapshot because of the log's size. */
    @Override
    public long sizeInBytes() {
        return 0;
    }

    @Override
    public void close() {
        // The node closes what it opened.
    }
}
