package io.holdfast.capture;

import java.nio.ByteBuffer;

/** Where captured packets go to be committed. */
public interface PacketSink {
    /**
     * Takes a packet in, or refuses it; then it is dropped and its sender repeats it. Called by the capture thread
     * alone, in the order of arrival; must neither block nor keep the buffer.
     *
     * @param packet one whole IPv4 packet with right checksums, position to limit, big-endian
     * @param epochNanos when it was read, in nanoseconds since 1970
     * @param pureAck whether it is a TCP segment that only acknowledges
     */
    boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck);

    /** Ends a burst of offers: what was taken may be sent on now. A sink that sends each at once has nothing to do. */
    default void flush() {
    }

    /**
     * How many of the packets taken since the last {@link #reset} are committed, counted in the order they were taken;
     * never goes down but by a reset. Any thread.
     */
    long committedCount();

    /**
     * Says that these packets were released to the local stack, the oldest {@code count} taken and not released yet. Called by
     * whoever releases, one at a time.
     */
    default void released(long count) {
    }

    /**
     * Starts counting anew: all packets taken so far are dropped, whether they will be committed or not, and
     * {@link #committedCount} is 0 when this returns. Called by the capture thread.
     */
    void reset();
}
