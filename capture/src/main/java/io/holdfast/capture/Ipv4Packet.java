package io.holdfast.capture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of an IPv4 packet (RFC 791) in a big-endian buffer, owned by the thread that wraps.
 *
 * <p>{@link #wrap} checks every length the accessors rely on, so a hostile packet is refused there and nowhere else.
 * Positions given out are absolute positions in {@link #buffer}.
 */
public final class Ipv4Packet {
    public static final int PROTOCOL_ICMP = 1;
    public static final int PROTOCOL_TCP = 6;
    public static final int PROTOCOL_UDP = 17;
    public static final int MIN_HEADER_BYTES = 20;
    public static final int MAX_BYTES = 65535;
    static final int CHECKSUM_OFFSET_BYTES = 10;
    static final int SOURCE_OFFSET_BYTES = 12;
    private static final int DESTINATION_OFFSET_BYTES = 16;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int FRAGMENT_OFFSET_MASK = 0x1fff;

    private ByteBuffer buffer;
    private int offset;
    private int headerLength;
    private int totalLength;

    /** Views the packet between the buffer's position and limit. Returns false if it is no whole IPv4 packet. */
    public boolean wrap(ByteBuffer source) {
        return wrap(source, source.position(), source.remaining());
    }

    /** Views {@code length} bytes from {@code start}; bytes after the packet's own length are padding. */
    public boolean wrap(ByteBuffer source, int start, int length) {
        if (source.order() != ByteOrder.BIG_ENDIAN) {
            throw new IllegalArgumentException("packets are viewed in a big-endian buffer");
        }
        if (start < 0 || length < 0 || length > source.limit() - start) {
            throw new IllegalArgumentException("bytes " + start + "+" + length + " of a buffer of " + source.limit());
        }
        buffer = null;
        if (length < MIN_HEADER_BYTES) {
            return false;
        }
        int versionAndLength = source.get(start);
        int header = (versionAndLength & 0x0f) * Integer.BYTES;
        int total = source.getShort(start + 2) & 0xffff;
        if ((versionAndLength >>> 4 & 0x0f) != 4 || header < MIN_HEADER_BYTES || total < header || total > length) {
            return false;
        }
        buffer = source;
        offset = start;
        headerLength = header;
        totalLength = total;
        return true;
    }

    public ByteBuffer buffer() {
        return buffer;
    }

    /** Where the packet begins. */
    public int offset() {
        return offset;
    }

    public int headerLength() {
        return headerLength;
    }

    public int totalLength() {
        return totalLength;
    }

    public int protocol() {
        return buffer.get(offset + 9) & 0xff;
    }

    public int timeToLive() {
        return buffer.get(offset + 8) & 0xff;
    }

    public int identification() {
        return buffer.getShort(offset + 4) & 0xffff;
    }

    /** Whether this is a part of a datagram only; then there may be no transport header. */
    public boolean isFragment() {
        return (buffer.getShort(offset + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) != 0;
    }

    /** The source address, first octet in the highest byte. */
    public int source() {
        return buffer.getInt(offset + SOURCE_OFFSET_BYTES);
    }

    public int destination() {
        return buffer.getInt(offset + DESTINATION_OFFSET_BYTES);
    }

    /** Changes the source address; the checksums are the caller's, see {@link Checksums#fill}. */
    public void source(int address) {
        buffer.putInt(offset + SOURCE_OFFSET_BYTES, address);
    }

    /** Changes the destination address; the checksums are the caller's, see {@link Checksums#fill}. */
    public void destination(int address) {
        buffer.putInt(offset + DESTINATION_OFFSET_BYTES, address);
    }

    /** Where the transport header begins. */
    public int payloadOffset() {
        return offset + headerLength;
    }

    public int payloadLength() {
        return totalLength - headerLength;
    }

    /** "10.77.0.100" for an address as {@link #source} gives it. */
    public static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    /** The address of four decimal octets; nothing is looked up. */
    public static int address(String text) {
        String[] octets = text.split("\\.", -1);
        int address = 0;
        for (String each : octets) {
            if (octets.length != 4 || !each.matches("\\d{1,3}") || Integer.parseInt(each) > 255) {
                throw new IllegalArgumentException("not an IPv4 address: " + text);
            }
            address = address << 8 | Integer.parseInt(each);
        }
        return address;
    }
}
