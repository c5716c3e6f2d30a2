package io.holdfast.consensus;

import java.util.List;

/**
 * What a member knows of its group at one moment.
 *
 * @param leader  name of the leader of this term, or null
 * @param open    this member leads and takes entries
 * @param peers   the other members as this one sees them
 * @param failure why the group stopped, or null
 * @param refused who was turned away last because it belongs to another group of the same name, or null
 */
public record GroupStatus(String groupName, String self, Role role, long term, String leader, boolean open,
                          long firstIndex, long lastIndex, long commitIndex, long appliedIndex, int inFlight,
                          List<PeerStatus> peers, String failure, String refused) {

    /**
     * Another member, as seen from here.
     *
     * @param heardAgoMs  time since its last message; -1: never heard of
     * @param progress    how the leader serves it; only the leader knows
     * @param matchIndex  the last entry it is known to hold exactly as this leader does; leader only
     * @param commitIndex what it last said it has committed; leader only
     */
    public record PeerStatus(String name, long heardAgoMs, PeerProgress progress, long matchIndex, long commitIndex) {
    }

    /** How a leader serves a follower. */
    public enum PeerProgress {
        /** This member does not lead. */
        NOT_LED,
        /** The leader looks for the place where both journals part: one message at a time. */
        PROBING,
        /** Entries flow, as many as the window allows. */
        STREAMING,
        /** The follower needs entries this journal no longer holds, and is sent the snapshot that stands for them. */
        SNAPSHOT
    }
}
