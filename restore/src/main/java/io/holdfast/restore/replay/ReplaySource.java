package io.holdfast.restore.replay;

import java.nio.ByteBuffer;

/** The packets to replay, in index order; used by the thread that replays. */
public interface ReplaySource {
    /** Moves to the next packet. Returns false when there is none. */
    boolean next();

    long index();

    /** When the packet was captured, by the clock of the node that did. */
    long epochNanos();

    /** Copies the packet to the beginning of {@code into}. Returns its length, or 0 when it does not fit. */
    int copyTo(ByteBuffer into);
}
