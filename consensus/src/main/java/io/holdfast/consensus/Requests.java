package io.holdfast.consensus;

import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;

import io.holdfast.journal.Journal;
import io.holdfast.journal.Snapshot;

/**
 * Owned by the runner thread: what this member was asked from outside and what takes more than a turn: one change of the
 * members or one transfer of the lead at a time.
 */
final class Requests {
    private static final long IDLE_NANOS = 1_000_000_000L;

    private final GroupRaft raft;
    private final Journal journal;
    private final Compactions compactions;
    private Transfer transfer;
    private MembershipChange change;

    Requests(GroupRaft raft, Journal journal, Compactions compactions) {
        this.raft = raft;
        this.journal = journal;
        this.compactions = compactions;
    }

    /** To the member of this name, or, for null, to the one that holds most. */
    void transfer(String name, CompletableFuture<Void> done) {
        Leadership leadership = raft.leadership();
        if (refused(leadership, done)) {
            return;
        }
        if (raft.config().self().equals(name)) {
            done.complete(null);
            return;
        }
        Peer target = name == null ? bestTarget() : raft.roster().peerNamed(name);
        if (target == null || !target.voter) {
            done.completeExceptionally(new GroupException(name == null ? "no other member was heard lately"
                    : name + " is not a voting member"));
            return;
        }
        leadership.pause();
        transfer = new Transfer(raft, journal, target, done);
    }

    /** The voter that holds most; among equals the one heard last. */
    Peer bestTarget() {
        long now = raft.nanoTime();
        long patience = raft.config().electionTimeoutMs() * 1_000_000L;
        return raft.peers().stream().filter(p -> p.voter && p.heardWithin(patience, now))
                .max(Comparator.<Peer>comparingLong(p -> p.matchIndex).thenComparingLong(p -> p.heardNanos - now)).orElse(null);
    }

    void add(Member member, CompletableFuture<Void> done) {
        if (refused(raft.leadership(), done)) {
            return;
        }
        Configuration now = raft.roster().latest();
        if (member.equals(now.member(member.name()))) {
            done.complete(null);
            return;
        }
        boolean taken = now.members().stream().anyMatch(m -> m.name().equals(member.name())
                || m.address().equals(member.address()) && m.port() == member.port());
        if (taken) {
            done.completeExceptionally(new GroupException(member + " has the name or the place of a member: " + now.members()));
            return;
        }
        change = MembershipChange.add(raft, journal, member, done);
    }

    void remove(String name, CompletableFuture<Void> done) {
        if (refused(raft.leadership(), done)) {
            return;
        }
        Configuration now = raft.roster().latest();
        if (!now.contains(name)) {
            done.complete(null);
        } else if (now.members().size() == 1) {
            done.completeExceptionally(new GroupException(name + " is the last member"));
        } else {
            change = MembershipChange.remove(raft, journal, name, done);
        }
    }

    /** On every member: the state stands for the entries up to this one from now on. */
    void compact(long index, byte[] state, ToLongFunction<Journal> keepFrom, CompletableFuture<Void> done) {
        compactions.inTurn(() -> beginCompaction(index, state, keepFrom, done));
    }

    private void beginCompaction(long index, byte[] state, ToLongFunction<Journal> keepFrom, CompletableFuture<Void> done) {
        Snapshot newest = journal.snapshot();
        if (index < 1 || index > raft.shown().appliedIndex) {
            done.completeExceptionally(new IllegalArgumentException("entry " + index + " is not applied yet; applied up to "
                    + raft.shown().appliedIndex));
            return;
        }
        if (raft.shown().role == Role.STOPPED || raft.roster().asOf(index).group() == null) {
            done.completeExceptionally(new GroupException("the group has stopped, or was never named by a leader"));
            return;
        }
        Snapshot fresh = newest != null && index <= newest.index() ? null
                : new Snapshot(index, journal.termAt(index), new GroupSnapshot(raft.roster().asOf(index), state).encode());
        compactions.begin(fresh, dropUpTo(index, keepFrom.applyAsLong(journal)), done);
    }

    /** On every member: drops what the newest snapshot stands for. */
    void drop(ToLongFunction<Journal> keepFrom, CompletableFuture<Void> done) {
        compactions.inTurn(() -> beginDrop(keepFrom, done));
    }

    private void beginDrop(ToLongFunction<Journal> keepFrom, CompletableFuture<Void> done) {
        Snapshot newest = journal.snapshot();
        if (newest == null || raft.shown().role == Role.STOPPED) {
            done.complete(null);
            return;
        }
        compactions.begin(null, dropUpTo(newest.index(), keepFrom.applyAsLong(journal)), done);
    }

    /**
     * What a follower that is nearly there still needs stays until the next time: a snapshot would cost it more. Unless the
     * journal is full: then the bound comes first.
     */
    private long dropUpTo(long index, long keepFrom) {
        Leadership leadership = raft.leadership();
        long needed = leadership == null || journal.isFull() ? Long.MAX_VALUE : leadership.neededFrom(raft.nanoTime());
        return Math.min(Math.min(index + 1, keepFrom), needed);
    }

    private boolean refused(Leadership leadership, CompletableFuture<Void> done) {
        RuntimeException reason = null;
        if (leadership == null || !leadership.isOpen()) {
            reason = new NotLeaderException(raft.term(), raft.shown().leader);
        } else if (transfer != null) {
            reason = new GroupException("the lead is being handed over");
        } else if (change != null || raft.roster().latestIndex() > raft.committed()) {
            reason = new GroupException("another change of the members is under way");
        }
        if (reason != null) {
            done.completeExceptionally(reason);
        }
        return reason != null;
    }

    /** Goes on; returns when something is due next. */
    long tick(long now) {
        if (change != null && change.tick(now, raft.leadership())) {
            change = null;
            if (!raft.roster().selfVotes()) {
                raft.leadership().leave(now, bestTarget());
            }
        }
        if (transfer != null && transfer.tick(now, raft.leadership())) {
            transfer = null;
        }
        return transfer != null ? transfer.due() : now + IDLE_NANOS;
    }

    void lostLead() {
        if (change != null) {
            MembershipChange lost = change;
            change = null;
            lost.lostLead();
        }
        if (transfer != null) {
            transfer.lostLead(raft.nanoTime());
        }
    }

    /** The group ends: nobody will answer any more. */
    void end() {
        lostLead();
        compactions.end();
        if (transfer != null) {
            transfer.fail("the group stops");
            transfer = null;
        }
    }
}
