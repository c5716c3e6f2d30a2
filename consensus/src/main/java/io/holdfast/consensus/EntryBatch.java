package io.holdfast.consensus;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

import io.holdfast.journal.EntrySource;

/**
 * Owned by the runner thread: entries on their way from leader to follower, one behind the other.
 *
 * <pre> i64 term | u8 internal | i32 length | command ... </pre>
 *
 * <p>The same object writes a batch or walks through one. A payload is checked whole before its first entry is used.
 */
final class EntryBatch implements EntrySource {
    static final int ENTRY_HEADER_BYTES = Long.BYTES + 1 + Integer.BYTES;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final CRC32C crc = new CRC32C();
    private byte[] own = new byte[16 << 10];
    private byte[] buffer = own;
    private int position;
    private int end;
    private int count;

    private long term;
    private boolean internal;
    private int offset;
    private int length;

    void clear() {
        buffer = own;
        position = 0;
        end = 0;
        count = 0;
    }

    int bytes() {
        return end;
    }

    int count() {
        return count;
    }

    void add(long entryTerm, boolean entryInternal, byte[] command, int commandOffset, int commandLength) {
        int needed = end + ENTRY_HEADER_BYTES + commandLength;
        if (needed > own.length) {
            own = Arrays.copyOf(own, Math.max(needed, own.length * 2));
            buffer = own;
        }
        LONG.set(own, end, entryTerm);
        own[end + Long.BYTES] = (byte) (entryInternal ? 1 : 0);
        INT.set(own, end + Long.BYTES + 1, commandLength);
        System.arraycopy(command, commandOffset, own, end + ENTRY_HEADER_BYTES, commandLength);
        end = needed;
        count++;
    }

    /** A copy of what was added. */
    byte[] toPayload() {
        return Arrays.copyOf(own, end);
    }

    long checksum(byte[] bytes, int from, int byteCount) {
        crc.reset();
        crc.update(bytes, from, byteCount);
        return crc.getValue();
    }

    /** Walks through this payload from now on; false when it is not a whole batch. */
    boolean wrap(byte[] bytes, int from, int byteCount) {
        int at = from;
        int limit = from + byteCount;
        int entries = 0;
        while (at < limit) {
            if (limit - at < ENTRY_HEADER_BYTES) {
                return false;
            }
            int commandLength = (int) INT.get(bytes, at + Long.BYTES + 1);
            if (commandLength < 0 || commandLength > limit - at - ENTRY_HEADER_BYTES) {
                return false;
            }
            at += ENTRY_HEADER_BYTES + commandLength;
            entries++;
        }
        buffer = bytes;
        position = from;
        end = limit;
        count = entries;
        return true;
    }

    @Override
    public boolean next() {
        if (position >= end) {
            return false;
        }
        term = (long) LONG.get(buffer, position);
        internal = buffer[position + Long.BYTES] != 0;
        length = (int) INT.get(buffer, position + Long.BYTES + 1);
        offset = position + ENTRY_HEADER_BYTES;
        position = offset + length;
        return true;
    }

    /** The entry that begins with this command comes next. */
    void backTo(int commandOffset) {
        position = commandOffset - ENTRY_HEADER_BYTES;
    }

    @Override
    public long term() {
        return term;
    }

    @Override
    public boolean internal() {
        return internal;
    }

    @Override
    public byte[] buffer() {
        return buffer;
    }

    @Override
    public int offset() {
        return offset;
    }

    @Override
    public int length() {
        return length;
    }
}
