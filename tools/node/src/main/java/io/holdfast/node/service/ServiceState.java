package io.holdfast.node.service;

/** Where a service stands on this node. One thread, the {@link ServiceAgent}'s, moves it. */
public enum ServiceState {
    /** Leftovers of a dead predecessor are cleared and the group is being joined. */
    STARTING,
    /** Takes the group's entries, but was let in by nobody yet: votes for nobody and counts in no majority. */
    JOINING,
    /** The group goes on without this node: nothing is expected of it any more. */
    REMOVED,
    /** Follows the group: applies entries, holds checkpoints, lets no packet in and has no workload. */
    STANDBY,
    /** Elected; restoring and replaying. Packets are captured and committed but not released. */
    TAKING_OVER,
    /** Primary: the workload runs, committed packets are released, the lease is held. */
    LIVE,
    /** As LIVE, but the journal has reached its bound: no packet is taken until a checkpoint lets entries go. */
    JOURNAL_FULL,
    /** Leadership or workload is gone: lease given back, workload killed, address removed. */
    DEMOTING,
    /** Storage failed or an invariant broke: the node has left the group and does not come back by itself. */
    FAILED,
    /** Closed on request; nothing of the service is left on the machine but its files. */
    STOPPED
}
