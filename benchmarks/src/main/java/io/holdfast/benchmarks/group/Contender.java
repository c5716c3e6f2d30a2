package io.holdfast.benchmarks.group;

/** One member of a replicated group that is measured, ours or another's. One thread offers. */
interface Contender extends AutoCloseable {

    /** What a contender tells, from threads of its own. */
    interface Events {
        /** An entry that {@link #offer} took on this member is committed, in the order of the offers. */
        void committed(byte[] entry, int offset, int length);

        /** This member leads and has committed an entry of its own as leader. */
        void leads();
    }

    boolean leading();

    /** The newest term this member knows; -1 when it does not tell. */
    default long term() {
        return -1;
    }

    /** The longest silence of its leader this member has seen since this was asked last; 0 when it does not tell. */
    default long takeLongestSilenceNanos() {
        return 0;
    }

    /** False when it is not taken for now. The caller may use the array again. */
    boolean offer(byte[] entry);

    /** No offer follows at once. */
    default void flush() {
        // For those that gather.
    }
}
