package io.holdfast.consensus;

/** What a member is in its current term. */
public enum Role {
    /** Takes entries from the leader, or waits for one. */
    FOLLOWER,
    /** Asked the others for their votes in a term of its own and waits for the answers. */
    CANDIDATE,
    /** Was elected in this term; orders the entries. */
    LEADER,
    /** Left the group or stopped after a failure; takes no part any more. */
    STOPPED
}
