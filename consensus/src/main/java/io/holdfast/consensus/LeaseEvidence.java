package io.holdfast.consensus;

import java.util.Arrays;
import java.util.List;

/**
 * Owned by the runner thread: the latest moment at which the leader sent a heartbeat that a majority answered.
 *
 * <p>With the answers of the voters sorted by the moment the answered heartbeat was sent, and the leader itself counting
 * as having answered now if it votes, the majority-th latest is that moment. A change of the members does not set it back:
 * what a majority of the older configuration answered stays answered (docs/adr/0003).
 */
final class LeaseEvidence {
    private final Roster roster;
    private long[] answered = new long[8];
    private boolean present;
    private long sentNanos;

    LeaseEvidence(Roster roster) {
        this.roster = roster;
    }

    /** Counts again; true when the moment moved. All times are of this process's {@link System#nanoTime()}. */
    boolean answered(List<Peer> peers, long now) {
        int majority = roster.majority();
        int count = 0;
        if (answered.length <= peers.size()) {
            answered = new long[2 * peers.size()];
        }
        if (roster.selfVotes()) {
            answered[count++] = 0; // this leader: zero nanoseconds ago
        }
        for (Peer peer : peers) {
            if (peer.voter && peer.answeredHeartbeat) {
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
