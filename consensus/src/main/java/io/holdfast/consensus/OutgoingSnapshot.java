package io.holdfast.consensus;

import java.util.Arrays;

import io.holdfast.journal.Snapshot;

/**
 * Owned by the runner thread: a snapshot on its way to one follower, in pieces, some of them on the way at a time. It is
 * kept until it has arrived, whatever newer one is saved meanwhile.
 */
final class OutgoingSnapshot {
    private final Snapshot snapshot;
    private int sent;
    private int acknowledged;
    private long progressNanos;

    OutgoingSnapshot(Snapshot snapshot, long now) {
        this.snapshot = snapshot;
        this.progressNanos = now;
    }

    long index() {
        return snapshot.index();
    }

    /** Sends what fits into the window. */
    void send(Outbox outbox, Peer to, GroupConfig config) {
        byte[] bytes = snapshot.bytes();
        while (sent < bytes.length && sent - acknowledged < config.windowBytes()) {
            int end = Math.min(bytes.length, sent + config.batchBytes());
            outbox.sendSnapshot(to, snapshot, sent, Arrays.copyOfRange(bytes, sent, end));
            sent = end;
        }
    }

    /** The follower holds so much of it, less than before when it was started again. True when that is all. */
    boolean holds(long bytes, long now) {
        if (bytes > acknowledged) {
            progressNanos = now;
        }
        acknowledged = (int) bytes;
        sent = Math.max(sent, acknowledged);
        return acknowledged == snapshot.bytes().length;
    }

    boolean stalled(long nanos, long now) {
        return now - progressNanos > nanos;
    }

    /** What was sent and not acknowledged is sent again. */
    void resume(long now) {
        sent = acknowledged;
        progressNanos = now;
    }
}
