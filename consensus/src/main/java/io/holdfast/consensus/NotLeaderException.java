package io.holdfast.consensus;

/** A proposal was not taken, or its outcome is not known here, because this member does not lead. Immutable. */
public final class NotLeaderException extends RuntimeException {
    private final long term;
    private final String leader;

    NotLeaderException(long term, String leader) {
        super("not the leader in term " + term + (leader == null ? "; no leader is known" : "; the leader is " + leader));
        this.term = term;
        this.leader = leader;
    }

    public long term() {
        return term;
    }

    /** The leader this member knows of, or null. */
    public String leader() {
        return leader;
    }
}
