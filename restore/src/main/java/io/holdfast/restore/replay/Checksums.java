package io.holdfast.restore.replay;

import java.nio.ByteBuffer;

/** The Internet checksum (RFC 1071) of whole packets in network byte order; stateless. */
final class Checksums {
    private Checksums() {
    }

    /** Writes the IPv4 header's checksum. */
    static void writeIp(ByteBuffer packet, int ip) {
        int headerBytes = (packet.get(ip) & 0xf) * 4;
        packet.putShort(ip + 10, (short) 0);
        packet.putShort(ip + 10, fold(sum(packet, ip, headerBytes)));
    }

    /** Writes the checksum of what the packet carries, from {@code at} to {@code end}; its place is {@code field}. */
    static void writeTransport(ByteBuffer packet, int ip, int at, int end, int protocol, int field) {
        packet.putShort(field, (short) 0);
        long pseudo = sum(packet, ip + 12, 8) + protocol + (end - at);
        packet.putShort(field, fold(pseudo + sum(packet, at, end - at)));
    }

    private static long sum(ByteBuffer packet, int from, int length) {
        long sum = 0;
        int at = from;
        int end = from + length;
        for (; at + Long.BYTES <= end; at += Long.BYTES) {
            long eight = packet.getLong(at);
            sum += (eight >>> 32) + (eight & 0xffffffffL);
        }
        for (; at + Short.BYTES <= end; at += Short.BYTES) {
            sum += packet.getShort(at) & 0xffff;
        }
        return at < end ? sum + ((packet.get(at) & 0xff) << 8) : sum;
    }

    private static short fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (short) ~folded;
    }
}
