package io.holdfast.capture;

import java.nio.ByteBuffer;

/**
 * A view of the TCP segment (RFC 9293) in an {@link Ipv4Packet}, owned by the thread that wraps.
 *
 * <p>Numbers of 32 bits are plain ints modulo 2^32: compare them by the sign of their difference. Setters leave the
 * checksum to the caller, see {@link Checksums#fill}. Options are read as Linux reads them (net/ipv4/tcp_input.c,
 * tcp_parse_options): an impossible length ends the reading, what came before counts, the segment is still a segment.
 */
public final class TcpView {
    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int URG = 0x20;
    public static final int MIN_HEADER_BYTES = 20;
    static final int CHECKSUM_OFFSET_BYTES = 16;
    private static final int SACK_BLOCK_BYTES = 8;
    private static final int OPTION_END = 0;
    private static final int OPTION_PADDING = 1;
    private static final int OPTION_MSS = 2;
    private static final int OPTION_WINDOW_SCALE = 3;
    private static final int OPTION_SACK_PERMITTED = 4;
    private static final int OPTION_SACK = 5;
    private static final int OPTION_TIMESTAMPS = 8;

    private Ipv4Packet packet;
    private ByteBuffer buffer;
    private int offset;
    private int headerLength;
    private int mssOffset;
    private int windowScaleOffset;
    private boolean sackPermitted;
    private int sackOffset;
    private int sackBlocks;
    private int timestampsOffset;

    /** Views the segment. Returns false if the packet holds no whole TCP header. */
    public boolean wrap(Ipv4Packet source) {
        buffer = null;
        if (source.protocol() != Ipv4Packet.PROTOCOL_TCP || source.isFragment()
                || source.payloadLength() < MIN_HEADER_BYTES) {
            return false;
        }
        int header = (source.buffer().get(source.payloadOffset() + 12) >>> 4 & 0x0f) * Integer.BYTES;
        if (header < MIN_HEADER_BYTES || header > source.payloadLength()) {
            return false;
        }
        packet = source;
        buffer = source.buffer();
        offset = source.payloadOffset();
        headerLength = header;
        findOptions();
        return true;
    }

    private void findOptions() {
        mssOffset = 0;
        windowScaleOffset = 0;
        sackPermitted = false;
        sackOffset = 0;
        sackBlocks = 0;
        timestampsOffset = 0;
        int end = offset + headerLength;
        int at = offset + MIN_HEADER_BYTES;
        while (at < end) {
            int kind = buffer.get(at);
            if (kind == OPTION_END) {
                return;
            }
            if (kind == OPTION_PADDING) {
                at++;
                continue;
            }
            int length = at + 1 < end ? buffer.get(at + 1) & 0xff : 0;
            if (length < 2 || length > end - at) {
                return;
            }
            foundOption(kind, at, length);
            at += length;
        }
    }

    private void foundOption(int kind, int at, int length) {
        if (kind == OPTION_MSS && length == 4) {
            mssOffset = at + 2;
        } else if (kind == OPTION_WINDOW_SCALE && length == 3) {
            windowScaleOffset = at + 2;
        } else if (kind == OPTION_SACK_PERMITTED && length == 2) {
            sackPermitted = true;
        } else if (kind == OPTION_SACK && length > 2 && (length - 2) % SACK_BLOCK_BYTES == 0) {
            sackOffset = at + 2;
            sackBlocks = (length - 2) / SACK_BLOCK_BYTES;
        } else if (kind == OPTION_TIMESTAMPS && length == 10) {
            timestampsOffset = at + 2;
        }
    }

    public Ipv4Packet packet() {
        return packet;
    }

    public int sourcePort() {
        return buffer.getShort(offset) & 0xffff;
    }

    public int destinationPort() {
        return buffer.getShort(offset + 2) & 0xffff;
    }

    public int sequence() {
        return buffer.getInt(offset + 4);
    }

    public void sequence(int value) {
        buffer.putInt(offset + 4, value);
    }

    public int acknowledgement() {
        return buffer.getInt(offset + 8);
    }

    public void acknowledgement(int value) {
        buffer.putInt(offset + 8, value);
    }

    public int headerLength() {
        return headerLength;
    }

    /** The eight flags from CWR to FIN. */
    public int flags() {
        return buffer.get(offset + 13) & 0xff;
    }

    public boolean has(int flag) {
        return (flags() & flag) != 0;
    }

    /** As sent, not scaled. */
    public int window() {
        return buffer.getShort(offset + 14) & 0xffff;
    }

    public int payloadOffset() {
        return offset + headerLength;
    }

    public int payloadLength() {
        return packet.payloadLength() - headerLength;
    }

    /** How far the segment moves the sequence: its payload, and one each for SYN and FIN. */
    public int sequenceLength() {
        return payloadLength() + (has(SYN) ? 1 : 0) + (has(FIN) ? 1 : 0);
    }

    /** Whether it only acknowledges: no payload, no SYN, FIN, RST or urgent pointer. Losing one loses nothing. */
    public boolean isPureAck() {
        return payloadLength() == 0 && (flags() & (ACK | SYN | FIN | RST | URG)) == ACK;
    }

    public boolean hasMss() {
        return mssOffset != 0;
    }

    public int mss() {
        return buffer.getShort(present(mssOffset)) & 0xffff;
    }

    public boolean hasWindowScale() {
        return windowScaleOffset != 0;
    }

    public int windowScale() {
        return buffer.get(present(windowScaleOffset)) & 0xff;
    }

    public boolean isSackPermitted() {
        return sackPermitted;
    }

    /** How many selective acknowledgement blocks (RFC 2018) there are; 0 without the option. */
    public int sackBlocks() {
        return sackBlocks;
    }

    public int sackLeft(int block) {
        return buffer.getInt(blockOffset(block));
    }

    public int sackRight(int block) {
        return buffer.getInt(blockOffset(block) + 4);
    }

    public void sack(int block, int left, int right) {
        buffer.putInt(blockOffset(block), left);
        buffer.putInt(blockOffset(block) + 4, right);
    }

    public boolean hasTimestamps() {
        return timestampsOffset != 0;
    }

    /** TSval of RFC 7323: the sender's clock. */
    public int timestampValue() {
        return buffer.getInt(present(timestampsOffset));
    }

    /** TSecr of RFC 7323: the receiver's clock as the sender saw it last. */
    public int timestampEcho() {
        return buffer.getInt(present(timestampsOffset) + 4);
    }

    public void timestamps(int value, int echo) {
        buffer.putInt(present(timestampsOffset), value);
        buffer.putInt(timestampsOffset + 4, echo);
    }

    private int blockOffset(int block) {
        if (block < 0 || block >= sackBlocks) {
            throw new IndexOutOfBoundsException("SACK block " + block + " of " + sackBlocks);
        }
        return sackOffset + block * SACK_BLOCK_BYTES;
    }

    private static int present(int optionOffset) {
        if (optionOffset == 0) {
            throw new IllegalStateException("the segment has no such option");
        }
        return optionOffset;
    }
}
