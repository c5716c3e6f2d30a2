package io.holdfast.capture;

import java.nio.ByteBuffer;

/** The Internet checksum (RFC 1071) of IPv4, TCP and UDP; stateless. */
public final class Checksums {
    private static final long LOW_32 = 0xffffffffL;

    private Checksums() {
    }

    /** Whether the IPv4 header sums up. */
    public static boolean isHeaderValid(Ipv4Packet packet) {
        return fold(sum(packet.buffer(), packet.offset(), packet.headerLength(), 0)) == 0xffff;
    }

    /**
     * Whether the TCP or UDP checksum sums up; a UDP datagram without one (RFC 768: zero) passes. The caller has
     * found a whole header of that protocol there.
     */
    public static boolean isTransportValid(Ipv4Packet packet) {
        int length = transportLength(packet);
        if (packet.protocol() == Ipv4Packet.PROTOCOL_UDP
                && packet.buffer().getShort(packet.payloadOffset() + UdpView.CHECKSUM_OFFSET_BYTES) == 0) {
            return true;
        }
        return fold(sum(packet.buffer(), packet.payloadOffset(), length, pseudoHeader(packet, length))) == 0xffff;
    }

    /**
     * Writes the IPv4 header's checksum and, for a whole TCP segment or UDP datagram, its own. A UDP datagram sent
     * without a checksum gets one.
     */
    public static void fill(Ipv4Packet packet) {
        ByteBuffer buffer = packet.buffer();
        int headerField = packet.offset() + Ipv4Packet.CHECKSUM_OFFSET_BYTES;
        buffer.putShort(headerField, (short) 0);
        buffer.putShort(headerField, (short) ~fold(sum(buffer, packet.offset(), packet.headerLength(), 0)));
        int field = transportField(packet);
        if (field < 0) {
            return;
        }
        int length = transportLength(packet);
        buffer.putShort(field, (short) 0);
        int checksum = ~fold(sum(buffer, packet.payloadOffset(), length, pseudoHeader(packet, length))) & 0xffff;
        // RFC 768: zero says "none", its other form 0xffff says zero. TCP takes both forms for the same number.
        buffer.putShort(field, (short) (checksum == 0 && packet.protocol() == Ipv4Packet.PROTOCOL_UDP ? 0xffff : checksum));
    }

    /** Where the transport checksum lies, or -1 if there is none to write. */
    private static int transportField(Ipv4Packet packet) {
        if (packet.isFragment()) {
            return -1;
        }
        if (packet.protocol() == Ipv4Packet.PROTOCOL_TCP && packet.payloadLength() >= TcpView.MIN_HEADER_BYTES) {
            return packet.payloadOffset() + TcpView.CHECKSUM_OFFSET_BYTES;
        }
        if (packet.protocol() == Ipv4Packet.PROTOCOL_UDP && packet.payloadLength() >= UdpView.HEADER_BYTES) {
            return packet.payloadOffset() + UdpView.CHECKSUM_OFFSET_BYTES;
        }
        return -1;
    }

    /** What TCP's or UDP's sum covers: UDP has a length of its own and the rest of the packet is no part of it. */
    private static int transportLength(Ipv4Packet packet) {
        if (packet.protocol() != Ipv4Packet.PROTOCOL_UDP) {
            return packet.payloadLength();
        }
        int claimed = packet.buffer().getShort(packet.payloadOffset() + 4) & 0xffff;
        return Math.min(packet.payloadLength(), Math.max(UdpView.HEADER_BYTES, claimed));
    }

    private static long pseudoHeader(Ipv4Packet packet, int transportLength) {
        return sum(packet.buffer(), packet.offset() + Ipv4Packet.SOURCE_OFFSET_BYTES, 2 * Integer.BYTES,
                packet.protocol() + transportLength);
    }

    /**
     * Adds up big-endian words. 32-bit words do as well as 16-bit ones, folded at the end (RFC 1071, section 2), and
     * at most 16,384 of them cannot overflow a long.
     */
    private static long sum(ByteBuffer buffer, int offset, int length, long start) {
        long sum = start;
        int end = offset + length;
        int at = offset;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            long eight = buffer.getLong(at);
            sum += (eight >>> 32) + (eight & LOW_32);
        }
        for (; at <= end - Short.BYTES; at += Short.BYTES) {
            sum += buffer.getShort(at) & 0xffff;
        }
        if (at < end) {
            sum += (buffer.get(at) & 0xff) << 8;
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & LOW_32);
        while (folded >>> 16 != 0) {
            folded = (folded >>> 16) + (folded & 0xffff);
        }
        return (int) folded;
    }
}
