package io.holdfast.consensus;

import io.holdfast.journal.Journal;

/**
 * Owned by the runner thread: whether the journal's disk still answers. One that fails says so (I7); one that hangs says
 * nothing, and a leader that has it would speak on and commit nothing, for ever with {@code DISK}, or promise what it cannot
 * keep with {@code INTERVAL}. So a force that takes longer than {@link GroupConfig#stepDownMs()} counts as a member lost.
 */
final class DiskWatch {
    private static final long NANOS_PER_MS = 1_000_000;

    private final Journal journal;
    private final long patienceNanos;
    private long force;
    private long sinceNanos;

    DiskWatch(Journal journal, GroupConfig config) {
        this.journal = journal;
        this.patienceNanos = config.stepDownMs() * NANOS_PER_MS;
    }

    /** Whether the force under way is the one it was all this time. To be asked again and again. */
    boolean hangs(long now) {
        long underWay = journal.forceUnderWay();
        if (underWay != force) {
            force = underWay;
            sinceNanos = now;
        }
        return underWay != 0 && now - sinceNanos > patienceNanos;
    }
}
