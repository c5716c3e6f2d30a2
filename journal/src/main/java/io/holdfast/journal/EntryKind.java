package io.holdfast.journal;

/** What an entry of the journal says; the code is part of the stored form and never changes meaning. */
public enum EntryKind {
    /** The empty entry with which a new leader opens its term. */
    TERM_START(1),
    /** One captured IPv4 packet; the body is the whole packet. */
    PACKET(2),
    /** The mark that dates a checkpoint. */
    MARK(3),
    /** A checkpoint of an earlier mark is held by a majority; the body is its manifest. */
    CHECKPOINT_READY(4),
    /** A step of a takeover was reached. */
    TAKEOVER_STEP(5),
    /** A connection was closed on purpose; the body says why. */
    CONNECTION_CLOSED(6),
    /** A command of the group protocol itself, opaque to everybody else. */
    GROUP_INTERNAL(7),
    /** Anything else worth telling an auditor. */
    EVENT(8),
    /** How long packets waited at the gate: histograms of the primary's, for the time since the last one. */
    STATISTICS(9),
    /** The tail was cut here: a record of the journal alone, never proposed and never an entry. */
    TAIL_CUT(100),
    /** The log goes on behind a snapshot that another member sent: as {@link #TAIL_CUT}, never an entry. */
    RESTART(101);

    private static final EntryKind[] BY_CODE = byCode();

    private final int code;

    EntryKind(int code) {
        this.code = code;
    }

    /** Whether it is a record of the journal alone, and no entry. */
    public boolean isRecordOnly() {
        return this == TAIL_CUT || this == RESTART;
    }

    public int code() {
        return code;
    }

    /** The kind with this code, or null when there is none. */
    public static EntryKind ofCode(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }

    private static EntryKind[] byCode() {
        EntryKind[] kinds = new EntryKind[256];
        for (EntryKind kind : values()) {
            kinds[kind.code] = kind;
        }
        return kinds;
    }
}
