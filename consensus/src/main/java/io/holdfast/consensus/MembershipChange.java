package io.holdfast.consensus;

import java.util.concurrent.CompletableFuture;

import io.holdfast.journal.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: one member more or one less (dissertation, 4.1). Two configurations that differ by one
 * member have no two majorities without a common member, so no joint step is needed, as long as there is one change at a
 * time and the leader has committed an entry of its own term before (the correction of 2015).
 *
 * <p>A new member is sent the journal first and does not count until it holds nearly all of it (4.2.1): a group that takes
 * it in never waits for it to catch up.
 */
final class MembershipChange {
    private static final Logger LOG = LoggerFactory.getLogger(MembershipChange.class);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final long STALLED_NANOS = 10_000 * NANOS_PER_MS;
    private static final int MAX_ROUNDS = 50;

    /** How far the change has come. */
    enum Step {
        /** The new member is sent what it lacks, in rounds: each ends where the journal ended when the round began. */
        CATCHING_UP,
        /** The entry with the new configuration is appended and in force; it waits for its majority. */
        APPENDED
    }

    private final GroupRaft raft;
    private final Journal journal;
    private final Configuration wanted;
    private final Peer learner;
    private final String leaving;
    private final CompletableFuture<Void> done;
    private Step step = Step.CATCHING_UP;
    private long entry;
    private long roundEnd;
    private long roundBegan;
    private int rounds;

    private MembershipChange(GroupRaft raft, Journal journal, Configuration wanted, Peer learner, String leaving,
                             CompletableFuture<Void> done) {
        this.raft = raft;
        this.journal = journal;
        this.wanted = wanted;
        this.learner = learner;
        this.leaving = leaving;
        this.done = done;
        this.roundEnd = journal.lastIndex();
        this.roundBegan = raft.nanoTime();
    }

    static MembershipChange add(GroupRaft raft, Journal journal, Member member, CompletableFuture<Void> done) {
        Roster roster = raft.roster();
        Peer learner = roster.serve(member);
        learner.startLed(journal.lastIndex() + 1, raft.nanoTime());
        learner.nextIndex = journal.lastIndex(); // asked about at once, not only when there is something new
        return new MembershipChange(raft, journal, roster.latest().with(member), learner, null, done);
    }

    static MembershipChange remove(GroupRaft raft, Journal journal, String name, CompletableFuture<Void> done) {
        return new MembershipChange(raft, journal, raft.roster().latest().without(name), null, name, done);
    }

    /** Goes on; true when it is over. */
    boolean tick(long now, Leadership leadership) {
        if (step == Step.CATCHING_UP) {
            if (learner == null || caughtUp(now)) {
                append(now, leadership);
            } else if (rounds > MAX_ROUNDS || now - learner.progressNanos > STALLED_NANOS) {
                String reason = rounds > MAX_ROUNDS ? " falls behind faster than it catches up"
                        : " holds " + learner.matchIndex + " of " + journal.lastIndex() + " entries and gets no further";
                abandon(learner.name + reason);
                return true;
            }
        }
        if (step == Step.CATCHING_UP || raft.committed() < entry) {
            return false;
        }
        LOG.info("{}: the members {} are committed by entry {}", raft.config().self(),
                wanted.members().stream().map(Member::name).toList(), entry);
        done.complete(null);
        return true;
    }

    /** Near enough: what was new when the last round began took it less than an election's patience to get. */
    private boolean caughtUp(long now) {
        if (learner.matchIndex < roundEnd || learner.matchIndex == 0) {
            return false;
        }
        if (now - roundBegan <= raft.config().electionTimeoutMs() * NANOS_PER_MS) {
            return true;
        }
        rounds++;
        roundBegan = now;
        roundEnd = journal.lastIndex();
        return false;
    }

    private void append(long now, Leadership leadership) {
        Peer left = leaving == null ? null : raft.roster().peerNamed(leaving);
        if (left != null) {
            left.served = true; // it is told that it has left
        }
        entry = leadership.append(wanted);
        step = Step.APPENDED;
        if (learner != null) {
            learner.served = false; // a voter now
        }
        if (left != null) {
            left.leavingIndex = entry;
            left.leavingDeadline = now + raft.config().stepDownMs() * NANOS_PER_MS;
        }
    }

    /** It does not come about, or nobody here will know whether it does. */
    void abandon(String reason) {
        LOG.warn("{}: the members do not change to {}: {}", raft.config().self(),
                wanted.members().stream().map(Member::name).toList(), reason);
        if (learner != null && learner.served) {
            raft.roster().retire(learner);
        }
        done.completeExceptionally(new GroupException("the members were not changed: " + reason));
    }

    void lostLead() {
        abandon(step == Step.APPENDED ? "this member lost the lead; the next leader may still commit the change"
                : "this member lost the lead");
    }
}
