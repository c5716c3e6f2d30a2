package io.holdfast.capture.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Walks the attributes (struct nlattr) of a netlink message or of a nested attribute; a flyweight of one thread. */
public final class NetlinkAttributes {
    private static final int HEADER_BYTES = 4;
    /** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
    private static final int TYPE_MASK = 0x3fff;

    private ByteBuffer buffer;
    private int begin;
    private int end;
    private int following;
    private int start;

    /** Starts before the first attribute. */
    public NetlinkAttributes wrap(ByteBuffer source, int offset, int length) {
        buffer = source;
        begin = offset;
        end = offset + length;
        following = offset;
        start = -1;
        return this;
    }

    /** Moves to the next attribute; false at the end, or where a length does not fit. */
    public boolean next() {
        if (end - following < HEADER_BYTES) {
            return false;
        }
        int bytes = buffer.getShort(following) & 0xffff;
        if (bytes < HEADER_BYTES || bytes > end - following) {
            following = end;
            return false;
        }
        start = following;
        following = Math.min(end, start + ((bytes + 3) & ~3));
        return true;
    }

    /** Moves to the first attribute of {@code type}. Returns whether there is one. */
    public boolean find(int type) {
        following = begin;
        while (next()) {
            if (type() == type) {
                return true;
            }
        }
        return false;
    }

    public int type() {
        return buffer.getShort(start + 2) & TYPE_MASK;
    }

    /** Where the value begins in the buffer. */
    public int offset() {
        return start + HEADER_BYTES;
    }

    public int length() {
        return (buffer.getShort(start) & 0xffff) - HEADER_BYTES;
    }

    public int u8() {
        require(1);
        return buffer.get(offset()) & 0xff;
    }

    public int u16() {
        require(Short.BYTES);
        return buffer.getShort(offset()) & 0xffff;
    }

    public int u16Be() {
        require(Short.BYTES);
        short value = buffer.getShort(offset());
        return (buffer.order() == ByteOrder.BIG_ENDIAN ? value : Short.reverseBytes(value)) & 0xffff;
    }

    public int u32() {
        require(Integer.BYTES);
        return buffer.getInt(offset());
    }

    public int u32Be() {
        return buffer.order() == ByteOrder.BIG_ENDIAN ? u32() : Integer.reverseBytes(u32());
    }

    public long u64() {
        require(Long.BYTES);
        return buffer.getLong(offset());
    }

    public long u64Be() {
        return buffer.order() == ByteOrder.BIG_ENDIAN ? u64() : Long.reverseBytes(u64());
    }

    /** The value as text, up to its zero byte. */
    public String string() {
        byte[] bytes = bytes();
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    public byte[] bytes() {
        byte[] bytes = new byte[length()];
        buffer.get(offset(), bytes);
        return bytes;
    }

    /** The attributes nested in this one. */
    public NetlinkAttributes nested(NetlinkAttributes into) {
        return into.wrap(buffer, offset(), length());
    }

    private void require(int bytes) {
        if (length() < bytes) {
            throw new IllegalStateException("attribute " + type() + " has " + length() + " bytes, not " + bytes);
        }
    }
}
