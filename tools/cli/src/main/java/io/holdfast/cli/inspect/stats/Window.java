package io.holdfast.cli.inspect.stats;

import org.HdrHistogram.Histogram;

/** Owned by the thread that reads: what was journaled within one stretch of time. */
final class Window {
    private static final long HIGHEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 2;

    private final long startEpochNanos;
    private final long lengthNanos;
    private long packets;
    private long bytes;
    private long entries;
    private final Histogram captureToCommit = histogram();
    private final Histogram commitToRelease = histogram();
    private final Histogram releasedTogether = histogram();

    Window(long startEpochNanos, long lengthNanos) {
        this.startEpochNanos = startEpochNanos;
        this.lengthNanos = lengthNanos;
    }

    private static Histogram histogram() {
        Histogram made = new Histogram(HIGHEST_NANOS, DIGITS);
        made.setAutoResize(true);
        return made;
    }

    void entry() {
        entries++;
    }

    void packet(int length) {
        packets++;
        bytes += length;
    }

    void add(Histogram toCommit, Histogram toRelease, Histogram together) {
        captureToCommit.add(toCommit);
        commitToRelease.add(toRelease);
        releasedTogether.add(together);
    }

    long startEpochNanos() {
        return startEpochNanos;
    }

    double seconds() {
        return lengthNanos / 1e9;
    }

    long entries() {
        return entries;
    }

    long packets() {
        return packets;
    }

    long bytes() {
        return bytes;
    }

    double packetsPerSecond() {
        return packets / seconds();
    }

    /** In nanoseconds; empty where nothing was measured. */
    Histogram captureToCommit() {
        return captureToCommit;
    }

    Histogram commitToRelease() {
        return commitToRelease;
    }

    /** Packets that one verdict released. */
    Histogram releasedTogether() {
        return releasedTogether;
    }
}
