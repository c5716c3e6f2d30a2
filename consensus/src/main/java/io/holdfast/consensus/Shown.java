package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import io.holdfast.journal.Journal;

/** Written by the runner thread, read by any: what a member shows of itself. */
final class Shown {
    private static final long NANOS_PER_MS = 1_000_000;
    private static final long PEERS_EVERY_NANOS = 50 * NANOS_PER_MS;

    volatile Role role = Role.FOLLOWER;
    volatile long term;
    volatile String leader;
    volatile long commitIndex;
    volatile long appliedIndex;
    volatile long electedNanos;
    volatile long previousLeaseBoundNanos;
    final AtomicLong longestSilenceNanos = new AtomicLong();
    volatile Throwable failure;
    /** Who was turned away last because it belongs to another group, or null. */
    volatile String refused;
    volatile List<Member> members = List.of();
    private volatile List<GroupStatus.PeerStatus> peers = List.of();
    private boolean peersShown;
    private long peersNanos;

    /** So long the leader was not heard, before it was heard again. */
    void noticeSilence(long nanos) {
        if (nanos > longestSilenceNanos.get()) {
            longestSilenceNanos.set(nanos);
        }
    }

    void peers(List<Peer> of, boolean leads, long now) {
        if (peersShown && now - peersNanos < PEERS_EVERY_NANOS) {
            return;
        }
        peersShown = true;
        peersNanos = now;
        List<GroupStatus.PeerStatus> seen = new ArrayList<>(of.size());
        for (Peer peer : of) {
            seen.add(new GroupStatus.PeerStatus(peer.name, peer.heard ? (now - peer.heardNanos) / NANOS_PER_MS : -1,
                    peer.progress, leads ? peer.matchIndex : 0, leads ? peer.commitIndex : 0));
        }
        peers = seen;
    }

    GroupStatus status(GroupConfig config, Journal journal, ProposalRing proposals) {
        Throwable cause = failure;
        return new GroupStatus(config.groupName(), config.self(), role, term, leader, proposals.isOpen(),
                journal.firstIndex(), journal.lastIndex(), commitIndex, appliedIndex, proposals.inFlight(), peers,
                cause == null ? null : cause.toString(), refused);
    }
}
