package io.holdfast.consensus;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import io.holdfast.journal.Compaction;
import io.holdfast.journal.Journal;
import io.holdfast.journal.Snapshot;

/**
 * Owned by the runner thread: the compaction of the journal that is under way, one at a time. Another thread waits for the
 * disk meanwhile: a leader that did was silent for as long as an election takes to begin (docs/adr/0003).
 */
final class Compactions {
    private final GroupRaft raft;
    private final Journal journal;
    private final Mailbox mailbox;
    private final Executor beside;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private Compaction underWay;
    private CompletableFuture<Void> done;

    /** {@code beside}: where the waiting is done. */
    Compactions(GroupRaft raft, Journal journal, Mailbox mailbox, Executor beside) {
        this.raft = raft;
        this.journal = journal;
        this.mailbox = mailbox;
        this.beside = beside;
    }

    /** Now, or behind the one under way. */
    void inTurn(Runnable begin) {
        waiting.add(begin);
        goOn();
    }

    private void goOn() {
        while (underWay == null && !waiting.isEmpty()) {
            waiting.removeFirst().run();
        }
    }

    /** In its turn. */
    void begin(Snapshot fresh, long from, CompletableFuture<Void> told) {
        if (fresh == null && from - 1 <= journal.floorIndex()) {
            told.complete(null);
            return;
        }
        Compaction begun;
        try {
            begun = journal.compaction(fresh, from);
        } catch (RuntimeException e) {
            told.completeExceptionally(e);
            throw e;
        }
        underWay = begun;
        done = told;
        beside.execute(() -> store(begun));
    }

    /** The other thread. */
    private void store(Compaction begun) {
        RuntimeException failure = null;
        try {
            begun.store();
        } catch (RuntimeException e) {
            failure = e;
        }
        RuntimeException thrown = failure;
        mailbox.addRequest(() -> stored(begun, thrown));
    }

    private void stored(Compaction begun, RuntimeException failure) {
        if (begun != underWay) {
            return; // the group ends, and has seen to it
        }
        underWay = null;
        if (failure != null) {
            done.completeExceptionally(failure);
            throw failure; // storage failed: the group stops
        }
        begun.finish();
        raft.roster().compactedTo(journal.snapshot().index());
        done.complete(null);
        goOn();
    }

    /** The group ends: what was begun is brought to its end here, unless storage has failed; nothing is touched afterwards. */
    void end() {
        if (underWay != null) {
            Compaction last = underWay;
            underWay = null;
            try {
                last.store();
                last.finish();
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        }
        goOn();
    }
}
