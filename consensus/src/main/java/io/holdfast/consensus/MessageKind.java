package io.holdfast.consensus;

/** What a message between members says; the code travels. */
enum MessageKind {
    /** Entries behind the entry (a: index, b: term), the leader's commit index (c), checksum of the payload (d). */
    APPEND(1),
    /**
     * Granted: every entry up to a is the same as the leader's. Refused: entry b did not match, try again behind a.
     * c: commit index, d: last index of the follower.
     */
    APPEND_ANSWER(2),
    /**
     * Sent when the leader's clock was a; its commit index is b, the first entry of its term c. d: the number of the process
     * that holds again all it may have forgotten ({@link Memory}), or 0. Says where the sender listens.
     */
    HEARTBEAT(3),
    /** Answers the heartbeat sent at a; verified up to b, committed up to c, last index d. */
    HEARTBEAT_ANSWER(4),
    /** Would you vote for me in this (next) term? My last entry has index a, term b. Says where the sender listens. */
    PRE_VOTE(5),
    /**
     * Granted or not for the term a that was asked about; the header's term is the voter's. b: the committed entry that left
     * the asker out of the group, or 0. c: 1 when this voter may have forgotten entries.
     */
    PRE_VOTE_ANSWER(6),
    /** Vote for me in this term. My last entry has index a, term b. Says where the sender listens. */
    VOTE(7),
    /** Granted or not; a: nanoseconds since this voter last answered an older leader. b: 1 when it may have forgotten entries. */
    VOTE_ANSWER(8),
    /** The leader hands over: stand for election at once (dissertation, 3.10). */
    TIMEOUT_NOW(9),
    /** Your message was of another group, and was not read. */
    FOREIGN(10),
    /** A piece of the snapshot of entry (a: index, b: term), from byte c on of d. The payload begins with the piece's checksum. */
    SNAPSHOT(11),
    /** Of the snapshot of entry a the first b bytes are here, all of them: it is installed. c: commit index, d: last index. */
    SNAPSHOT_ANSWER(12);

    private static final MessageKind[] BY_CODE = new MessageKind[values().length + 1];

    static {
        for (MessageKind kind : values()) {
            BY_CODE[kind.code] = kind;
        }
    }

    private final int code;

    MessageKind(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** The kind with this code, or null. */
    static MessageKind ofCode(int code) {
        return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }

    /** Only one who was elected in its term sends these: they name the leader. */
    boolean fromLeader() {
        return this == APPEND || this == HEARTBEAT || this == TIMEOUT_NOW || this == SNAPSHOT;
    }

    /** Its payload is where the sender listens, for a receiver that does not know it yet. */
    boolean saysPlace() {
        return this == HEARTBEAT || this == PRE_VOTE || this == VOTE;
    }
}
