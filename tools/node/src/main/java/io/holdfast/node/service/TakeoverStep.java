package io.holdfast.node.service;

/** The steps of a takeover in their order; each is timed and journaled. */
public enum TakeoverStep {
    /** An entry of the new term is committed: nothing before it is lost, nothing after it is the old primary's. */
    ELECTED,
    /** The address is here; what clients send is captured and committed and waits. */
    CAPTURED,
    /** The last ready checkpoint this node holds runs again, or a fresh workload where there is none. */
    RESTORED,
    /** Entries after the mark have gone through the loopback. */
    REPLAYED,
    /** Timestamps raised, sequence adjustments in, every surviving connection checked. */
    FIXED,
    /** Lease held, egress open, waiting packets released in order. */
    LIVE
}
