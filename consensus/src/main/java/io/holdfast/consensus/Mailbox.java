package io.holdfast.consensus;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.jgroups.Address;
import org.jgroups.Message;

/**
 * Owned by the runner thread, which sleeps here; any thread may add a request or a lost connection: what came in for a
 * member. Messages are read by the runner itself, so nothing is allocated to hand them to it.
 */
final class Mailbox {
    private final Doze doze;
    private final ArrayDeque<Message> urgent = new ArrayDeque<>();
    private final ArrayDeque<Message> bulk = new ArrayDeque<>();
    private final ArrayDeque<Message> questions = new ArrayDeque<>();
    /** Listening addresses of those whose connection ended. */
    private final Queue<Address> lost = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> requests = new ConcurrentLinkedQueue<>();
    private volatile Thread reader;
    private volatile boolean asleep;

    Mailbox(Doze doze) {
        this.doze = doze;
    }

    /**
     * Votes and heartbeats overtake entries: they are few, and their delay costs the lead or the lease. Whether the leader
     * is still heard is asked last: after a pause of this member its words may have come in behind the question. A message
     * on another thread than the runner is a stranger's that it marked as out of band, which no member does.
     */
    void add(GroupHeader header, Message message) {
        if (reader != null && Thread.currentThread() != reader) {
            return;
        }
        MessageKind kind = header.kind();
        boolean isBulk = kind == MessageKind.APPEND || kind == MessageKind.APPEND_ANSWER || kind == MessageKind.SNAPSHOT;
        (kind == MessageKind.PRE_VOTE ? questions : isBulk ? bulk : urgent).addLast(message);
    }

    void addLost(Address place) {
        lost.add(place);
        wake();
    }

    void addRequest(Runnable request) {
        requests.add(request);
        wake();
    }

    Message poll() {
        Message message = urgent.pollFirst();
        if (message == null) {
            message = bulk.pollFirst();
        }
        return message != null ? message : questions.pollFirst();
    }

    Address pollLost() {
        return lost.poll();
    }

    Runnable pollRequest() {
        return requests.poll();
    }

    private boolean isEmpty() {
        return urgent.isEmpty() && bulk.isEmpty() && questions.isEmpty() && lost.isEmpty() && requests.isEmpty();
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
