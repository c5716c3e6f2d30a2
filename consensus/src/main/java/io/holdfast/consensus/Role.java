package io.holdfast.consensus;

/** What a member is in its current term. */
public enum Role {
    /** Takes entries from the leader, or waits for one. */
    FOLLOWER,
    /** Asked the others for their votes in a term of its own and waits for the answers. */
    CANDIDATE,
    /** Was elected in this term; orders the entries. */
    LEADER,
    /** Was let in by nobody yet: takes entries, does not vote for itself and counts in no majority. */
    LEARNER,
    /** Was removed from the group: never runs for election, and only a new configuration makes it a member again. */
    REMOVED,
    /** Left the group or stopped after a failure; takes no part any more. */
    STOPPED
}
