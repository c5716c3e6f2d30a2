package io.holdfast.node.service;

import io.holdfast.journal.EntryKind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import org.HdrHistogram.Histogram;

/**
 * Owned by the service's thread: journals what {@link GateTimes} measured, once a second while many packets pass, once in
 * ten seconds while few do, and never while none does.
 */
final class GateStatistics {
    private static final long BUSY_NANOS = 1_000_000_000L;
    private static final long IDLE_NANOS = 10 * BUSY_NANOS;
    private static final long BUSY_PACKETS = 1_000;

    private final GateTimes times;
    private final Histogram captureToCommit = new Histogram(GateTimes.HIGHEST_NANOS, GateTimes.DIGITS);
    private final Histogram commitToRelease = new Histogram(GateTimes.HIGHEST_NANOS, GateTimes.DIGITS);
    private final Histogram releasedTogether = new Histogram(GateTimes.HIGHEST_NANOS, GateTimes.DIGITS);
    private Histogram interval1;
    private Histogram interval2;
    private Histogram interval3;
    private long collectedNanos = System.nanoTime();
    private long fromEpochNanos = WallClock.epochNanos();
    private long writtenNanos = collectedNanos;

    GateStatistics(GateTimes times) {
        this.times = times;
    }

    /** Writes an entry when one is due. That it is lost with the lead is no harm. */
    void journal(String node, ServiceReplica replica) {
        long now = System.nanoTime();
        if (now - collectedNanos < BUSY_NANOS) {
            return;
        }
        collectedNanos = now;
        collect();
        boolean due = captureToCommit.getTotalCount() >= BUSY_PACKETS || now - writtenNanos >= IDLE_NANOS;
        if (!due) {
            return;
        }
        long to = WallClock.epochNanos();
        if (captureToCommit.getTotalCount() > 0) {
            replica.propose(EntryKind.STATISTICS, new EntryBodies.Statistics(node, fromEpochNanos, to, text(captureToCommit),
                    text(commitToRelease), text(releasedTogether)));
        }
        captureToCommit.reset();
        commitToRelease.reset();
        releasedTogether.reset();
        writtenNanos = now;
        fromEpochNanos = to;
    }

    private void collect() {
        interval1 = times.captureToCommit(interval1);
        interval2 = times.commitToRelease(interval2);
        interval3 = times.releasedTogether(interval3);
        captureToCommit.add(interval1);
        commitToRelease.add(interval2);
        releasedTogether.add(interval3);
    }

    private static String text(Histogram histogram) {
        ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(bytes);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
    }
}
