package io.holdfast.consensus;

import java.util.concurrent.Executor;

import io.holdfast.journal.Durability;
import io.holdfast.journal.Journal;

/**
 * Owned by the runner thread, forced by another: how far this leader's own entries are as durable as configured. A leader
 * may send entries before its own disk has them, and counts itself when it has (dissertation, 10.2.1); one that waited for
 * its disk was silent for as long. One force at a time, which takes all that was appended before it began.
 */
final class Forcing {
    private final GroupRaft raft;
    private final Executor beside;
    private final boolean asked;
    private long appended;
    private long forced;
    private boolean underWay;

    Forcing(GroupRaft raft, Journal journal, Executor beside) {
        this.raft = raft;
        this.beside = beside;
        this.asked = journal.durability() == Durability.DISK;
    }

    /** Entries up to here are appended. */
    void appended(long index) {
        appended = index;
        if (!asked) {
            forced = index;
        }
        goOn();
    }

    /** Entries up to here are forced already. */
    void forced(long index) {
        appended = index;
        forced = index;
    }

    /** What this leader itself holds for good. */
    long upTo() {
        return forced;
    }

    private void goOn() {
        if (underWay || forced == appended) {
            return;
        }
        underWay = true;
        long end = appended;
        beside.execute(() -> force(end));
    }

    /** The other thread. */
    private void force(long end) {
        RuntimeException failure = null;
        try {
            raft.syncIfAsked();
        } catch (RuntimeException e) {
            failure = e;
        }
        RuntimeException thrown = failure;
        raft.request((requests, done) -> ended(end, thrown));
    }

    private void ended(long end, RuntimeException failure) {
        underWay = false;
        if (failure != null) {
            throw failure; // storage failed: the group stops
        }
        forced = Math.max(forced, end);
        Leadership leadership = raft.leadership();
        if (leadership != null && leadership.isForcedBy(this)) {
            leadership.advanceCommit();
            goOn();
        }
    }
}
