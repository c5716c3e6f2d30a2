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

    /** These are the members from this committed entry on; before the entries behind it. */
    default void onMembers(long index, List<Member> members) {
        // For those whom it concerns.
    }

    /** Storage failed or an invariant was broken. The group has stopped taking part; the node must stop. */
    void onFailure(Throwable cause);
}
