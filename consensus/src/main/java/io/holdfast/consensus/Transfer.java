package io.holdfast.consensus;

import java.util.concurrent.CompletableFuture;

import io.holdfast.journal.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: hands the lead to another member (dissertation, 3.10). Meanwhile nothing new is taken.
 *
 * <p>When it is not over within the election timeout, the leader goes on as if nothing had been asked. The other may still
 * be elected later, if the message that told it to stand was only late: that is an election like any other.
 */
final class Transfer {
    private static final Logger LOG = LoggerFactory.getLogger(Transfer.class);
    private static final long NANOS_PER_MS = 1_000_000;

    /** How far the handing over has come. */
    enum Step {
        /** What was taken is appended, and the other is brought up to date. */
        CATCHING_UP,
        /** The other holds everything and was told to stand for election. */
        TOLD,
        /** This member has left its term and waits to hear who leads the next. */
        LEFT
    }

    private final GroupRaft raft;
    private final Journal journal;
    private final Peer target;
    private final CompletableFuture<Void> done;
    private final long term;
    private Step step = Step.CATCHING_UP;
    private long deadline;
    private long tellAgain;

    Transfer(GroupRaft raft, Journal journal, Peer target, CompletableFuture<Void> done) {
        this.raft = raft;
        this.journal = journal;
        this.target = target;
        this.done = done;
        this.term = raft.term();
        this.deadline = raft.nanoTime() + raft.config().electionTimeoutMs() * NANOS_PER_MS;
        LOG.info("{}: hands the lead of term {} to {}", raft.config().self(), term, target.name);
    }

    /** Goes on; true when it is over. */
    boolean tick(long now, Leadership leadership) {
        if (step == Step.LEFT) {
            return othersLead() || expired(now, "nobody leads since this member left term " + term);
        }
        boolean toTell = step != Step.TOLD || now - tellAgain >= 0;
        if (toTell && target.matchIndex == journal.lastIndex() && leadership.nothingWaits()) {
            step = Step.TOLD;
            tellAgain = now + raft.config().leaseHeartbeatMs() * NANOS_PER_MS;
            raft.outbox().send(target, MessageKind.TIMEOUT_NOW, true, 0, 0, 0, 0);
        }
        if (now - deadline < 0) {
            return false;
        }
        leadership.resume(); // first: whoever asked proposes as soon as it is told
        fail(step == Step.TOLD ? target.name + " was told to stand, but was not elected in time"
                : target.name + " lacks " + (journal.lastIndex() - target.matchIndex) + " entries");
        return true;
    }

    private boolean othersLead() {
        if (raft.term() == term || raft.shown().leader == null) {
            return false;
        }
        String leader = raft.shown().leader;
        if (leader.equals(target.name)) {
            done.complete(null);
        } else {
            done.completeExceptionally(new GroupException(leader + " leads term " + raft.term() + ", not " + target.name));
        }
        return true;
    }

    private boolean expired(long now, String reason) {
        if (now - deadline < 0) {
            return false;
        }
        fail(reason);
        return true;
    }

    void fail(String reason) {
        LOG.warn("{}: the lead was not handed to {}: {}", raft.config().self(), target.name, reason);
        done.completeExceptionally(new GroupException("the lead was not handed to " + target.name + ": " + reason));
    }

    /** This member leads no more; whether that is by this transfer shows when the next leader speaks. */
    void lostLead(long now) {
        step = Step.LEFT;
        deadline = now + raft.config().stepDownMs() * NANOS_PER_MS;
    }

    /** When something is due next. */
    long due() {
        return step == Step.TOLD && tellAgain - deadline < 0 ? tellAgain : deadline;
    }
}
