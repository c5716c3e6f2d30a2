package io.holdfast.node.service;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Shared by two threads and whoever asks: when packets at the gate were taken, committed and released. Taking and
 * releasing are the capture's, one at a time; committing is the Raft runner's, who writes before the count of committed
 * packets rises, which the releasing side reads first. Allocates nothing per packet.
 */
final class GateTimes {
    static final long HIGHEST_NANOS = 60_000_000_000L;
    static final int DIGITS = 2;

    private final long[] takenNanos;
    private final long[] committedNanos;
    private final SingleWriterRecorder captureToCommit = new SingleWriterRecorder(HIGHEST_NANOS, DIGITS);
    private final SingleWriterRecorder commitToRelease = new SingleWriterRecorder(HIGHEST_NANOS, DIGITS);
    private final SingleWriterRecorder releasedTogether;
    private long taken;
    private long released;

    /** @param maxHeld how many packets may be held at once, a power of two */
    GateTimes(int maxHeld) {
        takenNanos = new long[maxHeld];
        committedNanos = new long[maxHeld];
        releasedTogether = new SingleWriterRecorder(maxHeld, DIGITS);
    }

    /** Before a packet is offered to the group, which may commit it before the offer returns. */
    void offered() {
        takenNanos[place(taken)] = System.nanoTime();
    }

    void taken() {
        taken++;
    }

    /** Runner: the packet of this number, counted from 0 since the last reset, is committed. */
    void committed(long number) {
        committedNanos[place(number)] = System.nanoTime();
    }

    void released(long count) {
        long now = System.nanoTime();
        for (long number = released; number < released + count; number++) {
            long committed = committedNanos[place(number)];
            captureToCommit.recordValue(bounded(committed - takenNanos[place(number)]));
            commitToRelease.recordValue(bounded(now - committed));
        }
        releasedTogether.recordValue(Math.min(count, takenNanos.length));
        released += count;
    }

    void reset() {
        taken = 0;
        released = 0;
    }

    private int place(long number) {
        return (int) number & takenNanos.length - 1;
    }

    private static long bounded(long nanos) {
        return Math.max(0, Math.min(nanos, HIGHEST_NANOS));
    }

    // ---- one asking thread

    Histogram captureToCommit(Histogram recycled) {
        return captureToCommit.getIntervalHistogram(recycled);
    }

    Histogram commitToRelease(Histogram recycled) {
        return commitToRelease.getIntervalHistogram(recycled);
    }

    Histogram releasedTogether(Histogram recycled) {
        return releasedTogether.getIntervalHistogram(recycled);
    }
}
