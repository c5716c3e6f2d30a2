package io.holdfast.journal;

/**
 * Owned by the thread that asks: whether the disk of a journal still answers. A disk that fails says so (I7); one that hangs
 * says nothing, and a primary that has it would speak on and commit nothing, for ever with {@link Durability#DISK}, or promise
 * what it cannot keep with {@link Durability#INTERVAL}.
 */
public final class DiskWatch {
    private final Journal journal;
    private final long patienceNanos;
    private long force;
    private long sinceNanos;

    /** @param patienceNanos a force that takes longer hangs */
    public DiskWatch(Journal journal, long patienceNanos) {
        this.journal = journal;
        this.patienceNanos = patienceNanos;
    }

    /** Whether the force under way is the one it was all this time. To be asked again and again, by one monotonic clock. */
    public boolean hangs(long nowNanos) {
        long underWay = journal.forceUnderWay();
        if (underWay != force) {
            force = underWay;
            sinceNanos = nowNanos;
        }
        return underWay != 0 && nowNanos - sinceNanos > patienceNanos;
    }
}
