package io.holdfast.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The binary form of what is proposed to the group: a header of 16 bytes, big-endian, then the body.
 *
 * <pre>
 *  0  u8   version = 1
 *  1  u8   kind, {@link EntryKind#code()}
 *  2  u16  flags
 *  4  u32  reserved = 0
 *  8  i64  nanoseconds since 1970 when it was captured or proposed
 * 16       body
 * </pre>
 *
 * <p>Stateless; any thread.
 */
public final class Command {
    public static final int VERSION = 1;
    public static final int HEADER_BYTES = 16;

    /** Flag of a {@link EntryKind#PACKET}: a TCP segment that only acknowledges. */
    public static final int PURE_ACK = 1;

    static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final int KIND = 1;
    private static final int FLAGS = 2;
    private static final int RESERVED = 4;
    private static final int EPOCH_NANOS = 8;

    private Command() {
    }

    public static byte[] encode(EntryKind kind, int flags, long epochNanos, byte[] body) {
        byte[] command = new byte[HEADER_BYTES + body.length];
        encodeHeader(kind, flags, epochNanos, command, 0);
        System.arraycopy(body, 0, command, HEADER_BYTES, body.length);
        return command;
    }

    /** Writes header and body to {@code into} and returns the length of the command. */
    public static int encodeInto(EntryKind kind, int flags, long epochNanos, byte[] body, int bodyOffset, int bodyLength,
                                 byte[] into, int offset) {
        System.arraycopy(body, bodyOffset, into, offset + HEADER_BYTES, bodyLength);
        encodeHeader(kind, flags, epochNanos, into, offset);
        return HEADER_BYTES + bodyLength;
    }

    /** Writes the header alone, for a caller that puts the body behind it itself. */
    public static void encodeHeader(EntryKind kind, int flags, long epochNanos, byte[] into, int offset) {
        if (flags < 0 || flags > 0xFFFF) {
            throw new IllegalArgumentException("flags do not fit 16 bits: " + flags);
        }
        into[offset] = VERSION;
        into[offset + KIND] = (byte) kind.code();
        SHORT.set(into, offset + FLAGS, (short) flags);
        INT.set(into, offset + RESERVED, 0);
        LONG.set(into, offset + EPOCH_NANOS, epochNanos);
    }

    /** Why these bytes are not a command, or null when they are one. */
    public static String problem(byte[] buffer, int offset, int length) {
        if (offset < 0 || length < 0 || offset > buffer.length - length) {
            return "command outside its buffer: offset " + offset + ", length " + length + ", buffer " + buffer.length;
        }
        if (length < HEADER_BYTES) {
            return "command of " + length + " bytes is shorter than its header of " + HEADER_BYTES;
        }
        if (buffer[offset] != VERSION) {
            return "command version " + (buffer[offset] & 0xFF) + " is not " + VERSION;
        }
        if (EntryKind.ofCode(buffer[offset + KIND] & 0xFF) == null) {
            return "unknown command kind " + (buffer[offset + KIND] & 0xFF);
        }
        if ((int) INT.get(buffer, offset + RESERVED) != 0) {
            return "reserved bytes of the command header are not zero";
        }
        return null;
    }

    /** Throws when these bytes are not a command that can be proposed, or too long. */
    static void requireEntry(byte[] buffer, int offset, int length, int maxBytes) {
        String problem = problem(buffer, offset, length);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        if (length > maxBytes) {
            throw new IllegalArgumentException("command of " + length + " bytes is longer than " + maxBytes);
        }
        if (kind(buffer, offset).isRecordOnly()) {
            throw new IllegalArgumentException(kind(buffer, offset) + " is no entry");
        }
    }

    static long nowNanos() {
        return Math.multiplyExact(System.currentTimeMillis(), 1_000_000L);
    }

    /** The kind, or null when the code is unknown. */
    public static EntryKind kind(byte[] buffer, int offset) {
        return EntryKind.ofCode(buffer[offset + KIND] & 0xFF);
    }

    public static int flags(byte[] buffer, int offset) {
        return (short) SHORT.get(buffer, offset + FLAGS) & 0xFFFF;
    }

    public static long epochNanos(byte[] buffer, int offset) {
        return (long) LONG.get(buffer, offset + EPOCH_NANOS);
    }
}
