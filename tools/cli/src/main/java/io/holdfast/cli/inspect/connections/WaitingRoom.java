package io.holdfast.cli.inspect.connections;

/**
 * Owned by the thread that reads: how much out-of-order data of all connections together may wait, so that a journal made
 * to hold nothing but gaps cannot take all memory.
 */
final class WaitingRoom {
    private final int maxSegments;
    private final long maxBytes;
    private int segments;
    private long bytes;

    WaitingRoom(int maxSegments, long maxBytes) {
        this.maxSegments = maxSegments;
        this.maxBytes = maxBytes;
    }

    /** False when there is no room: the segment is dropped, as the kernel drops it when its own memory is used up. */
    boolean enter(long segmentBytes) {
        if (segments == maxSegments || bytes + segmentBytes > maxBytes) {
            return false;
        }
        segments++;
        bytes += segmentBytes;
        return true;
    }

    void leave(long segmentBytes) {
        segments--;
        bytes -= segmentBytes;
    }
}
