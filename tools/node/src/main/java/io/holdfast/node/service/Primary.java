package io.holdfast.node.service;

import io.holdfast.node.config.CheckpointConfig;
import io.holdfast.restore.workload.Workload;

import java.util.concurrent.TimeUnit;

/** What there is only while this node is primary in one term. Owned by the service's thread. */
final class Primary {
    /** Between two checkpoints that are taken because the journal has no room. */
    private static final long PRESSING_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long term;
    private final Workload workload;
    private final boolean checkpoints;
    private volatile long markIndex;
    private long markNanos;
    private boolean marked;

    /**
     * @param markIndex   entry the workload was restored from, 0 when it was started afresh
     * @param checkpoints whether checkpoints are taken at all
     */
    Primary(long term, Workload workload, long markIndex, boolean checkpoints) {
        this.term = term;
        this.workload = workload;
        this.markIndex = markIndex;
        this.checkpoints = checkpoints;
        this.markNanos = System.nanoTime();
    }

    long term() {
        return term;
    }

    /** The last mark, ready or not. */
    long markIndex() {
        return markIndex;
    }

    Workload workload() {
        return workload;
    }

    boolean checkpoints() {
        return checkpoints;
    }

    /** A mark of this primary was committed. */
    void marked(long index) {
        marked = true;
        markIndex = index;
        markNanos = System.nanoTime();
    }

    /** A mark could not be taken: not before another interval is it tried again. */
    void missed() {
        markNanos = System.nanoTime();
    }

    /** Whether a checkpoint should be taken now; {@code null} when not, otherwise why. */
    String due(long lastIndex, long packetsSinceMark, boolean journalWantsIt, CheckpointConfig config) {
        if (!checkpoints) {
            return null;
        }
        if (!marked) {
            return "takeover";
        }
        if (lastIndex - markIndex >= config.maxEntries()) {
            return "entries";
        }
        if (journalWantsIt && System.nanoTime() - markNanos >= PRESSING_NANOS) {
            return "journal";
        }
        boolean intervalOver = System.nanoTime() - markNanos >= TimeUnit.MILLISECONDS.toNanos(config.intervalMs());
        return intervalOver && packetsSinceMark > 0 ? "interval" : null;
    }
}
