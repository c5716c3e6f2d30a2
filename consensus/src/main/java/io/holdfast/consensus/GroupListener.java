package io.holdfast.consensus;

import java.util.List;

/**
 * What a group tells its node. Every method is called on the group's runner thread, one at a time, and must not block:
 * heartbeats wait while it runs. An exception out of any of them stops the group.
 */
public interface GroupListener {
    /**
     * This member was elected, its own first entry of the term is committed, and everything up to that entry has been
     * given to {@link #onCommitted}.
     */
    void onLeader(long term);

    /** This member follows in this term; it has just lost leadership if it had it. The leader may be null: none known. */
    void onFollower(long term, String leader);

    /**
     * The entry is committed. In index order, once for each index in the life of the process, on every member, from the
     * journal's first entry on after a restart. The buffer is only valid during the call.
     */
    void onCommitted(long index, long term, byte[] command, int offset, int length);

    /** No entry follows at once; what can be done for several entries together is best done here. */
    default void onCommittedAll() {
    }

    /**
     * Leader only, the first time right after {@link #onLeader}: a majority (itself included) answered, in this term, a
     * message that this member sent when its {@link System#nanoTime()} was {@code sentNanos} or later.
     */
    void onLeaseEvidence(long term, long sentNanos);

    /**
     * The state as it was handed to {@link RaftGroup#compact} on some member stands for all entries up to this one:
     * {@link #onCommitted} goes on at {@code index + 1}. At the start when the journal does not begin with the first entry, and
     * on a member that was so far behind that it was sent a snapshot; then instead of everything it was told before.
     */
    default void onSnapshot(long index, long term, byte[] state) {
        throw new IllegalStateException("a snapshot of entry " + index + " came, but nobody here can take it");
    }

    /** These are the members from this committed entry on; before the entries behind it. */
    default void onMembers(long index, List<Member> members) {
        // For those whom it concerns.
    }

    /** Storage failed or an invariant was broken. The group has stopped taking part; the node must stop. */
    void onFailure(Throwable cause);
}
