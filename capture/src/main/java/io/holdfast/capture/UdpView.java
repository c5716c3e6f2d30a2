package io.holdfast.capture;

import java.nio.ByteBuffer;

/** A view of the UDP datagram (RFC 768) in an {@link Ipv4Packet}, owned by the thread that wraps. */
public final class UdpView {
    public static final int HEADER_BYTES = 8;
    static final int CHECKSUM_OFFSET_BYTES = 6;

    private ByteBuffer buffer;
    private int offset;
    private int length;

    /** Views the datagram. Returns false if the packet holds no whole one. */
    public boolean wrap(Ipv4Packet source) {
        buffer = null;
        if (source.protocol() != Ipv4Packet.PROTOCOL_UDP || source.isFragment()
                || source.payloadLength() < HEADER_BYTES) {
            return false;
        }
        int claimed = source.buffer().getShort(source.payloadOffset() + 4) & 0xffff;
        if (claimed < HEADER_BYTES || claimed > source.payloadLength()) {
            return false;
        }
        buffer = source.buffer();
        offset = source.payloadOffset();
        length = claimed;
        return true;
    }

    public int sourcePort() {
        return buffer.getShort(offset) & 0xffff;
    }

    public int destinationPort() {
        return buffer.getShort(offset + 2) & 0xffff;
    }

    public int payloadOffset() {
        return offset + HEADER_BYTES;
    }

    public int payloadLength() {
        return length - HEADER_BYTES;
    }
}
