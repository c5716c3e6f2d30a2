package io.holdfast.capture.linux;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** The descriptors one thread waits for with poll(2); owned by that thread. Allocates nothing after construction. */
public final class PollSet {
    private static final int POLLFD_BYTES = 8;
    private static final int EVENTS_OFFSET_BYTES = 4;
    private static final int RETURNED_OFFSET_BYTES = 6;

    private final ByteBuffer fds;
    private final long address;
    private final int count;

    /** Waits for readability of each of {@code descriptors}. */
    public PollSet(int... descriptors) {
        count = descriptors.length;
        fds = LibC.direct(count * POLLFD_BYTES);
        address = LibC.addressOf(fds);
        for (int i = 0; i < count; i++) {
            fds.putInt(i * POLLFD_BYTES, descriptors[i]);
            watch(i, true);
        }
    }

    /** Whether readability of the descriptor at {@code place} ends the wait; errors on it always do. */
    public void watch(int place, boolean readable) {
        fds.putShort(place * POLLFD_BYTES + EVENTS_OFFSET_BYTES, (short) (readable ? LibC.POLLIN : 0));
    }

    /** Waits, at most {@code timeoutMs} (-1: for ever). Returns how many are ready; 0 also when a signal came. */
    public int await(int timeoutMs) {
        int ready = LibC.poll(address, count, timeoutMs);
        Reference.reachabilityFence(fds);
        return ready == -Errno.EINTR ? 0 : LibC.check("poll", ready);
    }

    public boolean isReadable(int place) {
        return (returned(place) & LibC.POLLIN) != 0;
    }

    /** Whether the descriptor at {@code place} reported an error or a hang-up. */
    public boolean isBroken(int place) {
        return (returned(place) & ~LibC.POLLIN) != 0;
    }

    private int returned(int place) {
        return fds.getShort(place * POLLFD_BYTES + RETURNED_OFFSET_BYTES);
    }
}
