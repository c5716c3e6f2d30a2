package io.holdfast.restore.replay;

import io.holdfast.restore.connection.SequenceNumber;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The bytes a clone has sent on one connection that its client has not acknowledged; owned by the thread that replays.
 *
 * <p>They are needed when the workload closes the connection before they are delivered: then no descriptor leads to
 * the socket any more, and they are all that is left to give the client.
 */
final class AnswerTail {
    /** More than a client's window holds in practice; what is longer is not kept. */
    private static final int LARGEST_BYTES = 8 << 20;
    private static final int FIRST_BYTES = 256;

    private byte[] bytes = new byte[FIRST_BYTES];
    private int start;
    private int length;
    /** Number of the first byte kept, as the clone counts. */
    private int sequence;

    /** Begins with nothing, before the byte with this number. */
    void begin(int first) {
        sequence = first;
        start = 0;
        length = 0;
    }

    /** The clone sent bytes; what it sent before is recognised by its number. */
    void append(int first, ByteBuffer packet, int offset, int count) {
        int end = sequence + length;
        int known = end - first;
        if (known < 0 || length + count - known > LARGEST_BYTES) {
            begin(first); // a gap: what lies before it is not here
            end = first;
            known = 0;
        }
        int fresh = count - known;
        if (fresh <= 0) {
            return;
        }
        makeRoom(fresh);
        packet.get(offset + known, bytes, start + length, fresh);
        length += fresh;
    }

    private void makeRoom(int fresh) {
        if (start + length + fresh <= bytes.length) {
            return;
        }
        byte[] room = length + fresh <= bytes.length ? bytes
                : new byte[Math.max(length + fresh, Math.min(bytes.length * 2, LARGEST_BYTES))];
        System.arraycopy(bytes, start, room, 0, length);
        bytes = room;
        start = 0;
    }

    /** The client acknowledged everything before this number. */
    void acknowledged(int next) {
        int count = next - sequence;
        if (count <= 0) {
            return;
        }
        int dropped = Math.min(count, length);
        start += dropped;
        length -= dropped;
        sequence = length == 0 ? SequenceNumber.later(next, sequence) : sequence + dropped;
    }

    /** What there is from one number to before another; null when not all of it is here. */
    byte[] between(int first, int end) {
        int skip = first - sequence;
        int count = end - first;
        if (skip < 0 || count < 0 || skip + count > length) {
            return null;
        }
        return Arrays.copyOfRange(bytes, start + skip, start + skip + count);
    }
}
