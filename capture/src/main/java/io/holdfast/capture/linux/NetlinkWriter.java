package io.holdfast.capture.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes one or several netlink messages into a direct buffer; owned by one thread.
 *
 * <p>{@code begin(type, flags)}, the family's fixed header by {@code put..}, attributes, {@code end()}; several such
 * runs after one another make a batch. Layout: include/uapi/linux/netlink.h. Numbers are in the machine's order unless
 * the method's name ends in Be; nfnetlink wants most of its numbers big-endian.
 */
public final class NetlinkWriter {
    public static final int NLM_F_REQUEST = 0x1;
    public static final int NLM_F_ACK = 0x4;
    public static final int NLM_F_ECHO = 0x8;
    public static final int NLM_F_DUMP = 0x300;
    public static final int NLM_F_REPLACE = 0x100;
    public static final int NLM_F_EXCL = 0x200;
    public static final int NLM_F_CREATE = 0x400;
    public static final int NLM_F_APPEND = 0x800;
    public static final int NLA_F_NESTED = 0x8000;
    static final int HEADER_BYTES = 16;
    static final int FLAGS_OFFSET_BYTES = 6;
    static final int SEQUENCE_OFFSET_BYTES = 8;
    private static final int ALIGN_BYTES = 4;
    private static final int ATTRIBUTE_HEADER_BYTES = 4;

    private final ByteBuffer buffer;
    private final long address;
    private int messageStart = -1;

    public NetlinkWriter(int capacityBytes) {
        buffer = LibC.direct(capacityBytes);
        address = LibC.addressOf(buffer);
    }

    /** Forgets everything written. */
    public NetlinkWriter clear() {
        buffer.clear();
        messageStart = -1;
        return this;
    }

    /** Begins a message; NLM_F_REQUEST is added. */
    public NetlinkWriter begin(int type, int flags) {
        if (messageStart >= 0) {
            throw new IllegalStateException("the message before is not ended");
        }
        messageStart = buffer.position();
        buffer.putInt(0).putShort((short) type).putShort((short) (flags | NLM_F_REQUEST)).putInt(0).putInt(0);
        return this;
    }

    /** Ends the message and writes its length. */
    public NetlinkWriter end() {
        buffer.putInt(messageStart, buffer.position() - messageStart);
        pad();
        messageStart = -1;
        return this;
    }

    public NetlinkWriter putU8(int value) {
        buffer.put((byte) value);
        return this;
    }

    public NetlinkWriter putU16(int value) {
        buffer.putShort((short) value);
        return this;
    }

    public NetlinkWriter putU16Be(int value) {
        buffer.putShort(bigEndian((short) value));
        return this;
    }

    public NetlinkWriter putU32(int value) {
        buffer.putInt(value);
        return this;
    }

    public NetlinkWriter putU32Be(int value) {
        buffer.putInt(bigEndian(value));
        return this;
    }

    public NetlinkWriter putU64(long value) {
        buffer.putLong(value);
        return this;
    }

    public NetlinkWriter putBytes(byte[] value) {
        buffer.put(value);
        return this;
    }

    /** The fixed header of every nfnetlink message: family, version 0, resource (include/uapi/linux/netfilter/nfnetlink.h). */
    public NetlinkWriter nfgenmsg(int family, int resource) {
        return putU8(family).putU8(0).putU16Be(resource);
    }

    public NetlinkWriter attributeU8(int type, int value) {
        header(type, 1);
        buffer.put((byte) value);
        return pad();
    }

    public NetlinkWriter attributeU16(int type, int value) {
        header(type, Short.BYTES);
        buffer.putShort((short) value);
        return pad();
    }

    public NetlinkWriter attributeU16Be(int type, int value) {
        return attributeU16(type, bigEndian((short) value));
    }

    public NetlinkWriter attributeU32(int type, int value) {
        header(type, Integer.BYTES);
        buffer.putInt(value);
        return this;
    }

    public NetlinkWriter attributeU32Be(int type, int value) {
        return attributeU32(type, bigEndian(value));
    }

    public NetlinkWriter attributeU64Be(int type, long value) {
        header(type, Long.BYTES);
        buffer.putLong(buffer.order() == ByteOrder.BIG_ENDIAN ? value : Long.reverseBytes(value));
        return this;
    }

    public NetlinkWriter attribute(int type, byte[] value) {
        header(type, value.length);
        buffer.put(value);
        return pad();
    }

    /** A string with the zero byte the kernel expects. */
    public NetlinkWriter attribute(int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        header(type, bytes.length + 1);
        buffer.put(bytes).put((byte) 0);
        return pad();
    }

    /** An attribute without a value. */
    public NetlinkWriter attribute(int type) {
        header(type, 0);
        return this;
    }

    /** Begins a nested attribute. Returns what {@link #endNested} needs. */
    public int beginNested(int type) {
        int start = buffer.position();
        header(type | NLA_F_NESTED, 0);
        return start;
    }

    public NetlinkWriter endNested(int start) {
        buffer.putShort(start, (short) (buffer.position() - start));
        return this;
    }

    /** Where the message begun last starts in the buffer, for a caller that patches a value in place. */
    public int position() {
        return buffer.position();
    }

    /** The memory written to; absolute access only. */
    public ByteBuffer buffer() {
        return buffer;
    }

    public long address() {
        return address;
    }

    /** How many bytes are written. */
    public int length() {
        return buffer.position();
    }

    private void header(int type, int valueBytes) {
        buffer.putShort((short) (ATTRIBUTE_HEADER_BYTES + valueBytes)).putShort((short) type);
    }

    private NetlinkWriter pad() {
        while (buffer.position() % ALIGN_BYTES != 0) {
            buffer.put((byte) 0);
        }
        return this;
    }

    private short bigEndian(short value) {
        return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Short.reverseBytes(value);
    }

    private int bigEndian(int value) {
        return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
    }
}
