package io.holdfast.consensus;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.jgroups.Address;
import org.jgroups.Message;

/** Filled by any thread, emptied by the runner thread, which sleeps here: what came in for a member. */
final class Mailbox {
    /** A message, the news that the connection to this listening address ended, or something asked from outside. */
    record Item(GroupHeader header, Message message, Address lost, Runnable request) {
    }

    private final Doze doze;
    private final Queue<Item> urgent = new ConcurrentLinkedQueue<>();
    private final Queue<Item> bulk = new ConcurrentLinkedQueue<>();
    private volatile Thread reader;
    private volatile boolean asleep;

    Mailbox(Doze doze) {
        this.doze = doze;
    }

    /** Votes and heartbeats overtake entries: they are few, and their delay costs the lead or the lease. */
    void add(GroupHeader header, Message message) {
        MessageKind kind = header.kind();
        boolean isBulk = kind == MessageKind.APPEND || kind == MessageKind.APPEND_ANSWER || kind == MessageKind.SNAPSHOT;
        (isBulk ? bulk : urgent).add(new Item(header, message, null, null));
        wake();
    }

    void addLost(Address place) {
        urgent.add(new Item(null, null, place, null));
        wake();
    }

    void addRequest(Runnable request) {
        urgent.add(new Item(null, null, null, request));
        wake();
    }

    Item poll() {
        Item item = urgent.poll();
        return item != null ? item : bulk.poll();
    }

    boolean isEmpty() {
        return urgent.isEmpty() && bulk.isEmpty();
    }

    /** The runner says who it is before it sleeps for the first time. */
    void readBy(Thread thread) {
        reader = thread;
    }

    /**
     * Runner: sleeps unless something waits in here or in {@code other}. Whoever adds does so before it looks at
     * {@link #asleep}, the runner looks after it has set it: one of the two sees the other.
     */
    void sleep(long nanos, ProposalRing other) throws IOException {
        asleep = true;
        if (isEmpty() && (other == null || other.isEmpty())) {
            doze.await(nanos);
        }
        asleep = false;
    }

    /** What the runner takes in itself needs nobody woken. */
    void wake() {
        if (asleep && Thread.currentThread() != reader) {
            doze.wake();
        }
    }
}
