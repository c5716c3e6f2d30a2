package io.holdfast.consensus;

import java.util.Arrays;
import java.util.List;

/**
 * Owned by the runner thread: the latest moment at which the leader sent a heartbeat that a majority answered.
 *
 * <p>With the answers of the followers sorted by the moment the answered heartbeat was sent, and the leader itself
 * counting as having answered now, the majority-th latest is that moment.
 */
final class LeaseEvidence {
    private final long[] answered;
    private boolean present;
    private long sentNanos;

    LeaseEvidence(int members) {
        answered = new long[members];
    }

    /** Counts again; true when the moment moved. All times are of this process's {@link System#nanoTime()}. */
    boolean answered(List<Peer> peers, long now) {
        int majority = answered.length / 2 + 1;
        int count = 0;
        answered[count++] = 0; // this leader: zero nanoseconds ago
        for (Peer peer : peers) {
            if (peer.answeredHeartbeat) {
                answered[count++] = now - peer.answeredSentNanos;
            }
        }
        if (count < majority) {
            return false;
        }
        Arrays.sort(answered, 0, count);
        long moment = now - answered[majority - 1];
        boolean moved = !present || moment - sentNanos > 0;
        if (moved) {
            present = true;
            sentNanos = moment;
        }
        return moved;
    }

    long sentNanos() {
        return sentNanos;
    }
}
