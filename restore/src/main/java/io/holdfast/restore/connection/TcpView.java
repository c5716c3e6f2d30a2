package io.holdfast.restore.connection;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of an IPv4 packet with a TCP segment in it; a flyweight owned by one thread.
 *
 * <p>{@link #wrap} checks every length, so that the accessors cannot read outside the packet whatever it says.
 */
public final class TcpView {
    private ByteBuffer buffer;
    private int ip;
    private int tcp;
    private int payload;
    private int end;
    private int timestamps;
    private int sack;
    private int sackBlocks;
    private int windowScale;

    /** Looks at the packet at {@code offset}. Returns false when it is not one whole TCP segment. */
    public boolean wrap(ByteBuffer packet, int offset, int length) {
        if (packet.order() != ByteOrder.BIG_ENDIAN) {
            throw new IllegalArgumentException("packets are read in network order");
        }
        buffer = packet;
        ip = offset;
        if (length < 20 || (packet.get(ip) & 0xf0) != 0x40) {
            return false;
        }
        int headerBytes = (packet.get(ip) & 0xf) * 4;
        int total = packet.getShort(ip + 2) & 0xffff;
        boolean fragment = (packet.getShort(ip + 6) & 0x3fff) != 0;
        if (headerBytes < 20 || total > length || total < headerBytes + 20 || packet.get(ip + 9) != 6 || fragment) {
            return false;
        }
        tcp = ip + headerBytes;
        end = ip + total;
        int tcpHeaderBytes = (packet.get(tcp + 12) >>> 4 & 0xf) * 4;
        payload = tcp + tcpHeaderBytes;
        return tcpHeaderBytes >= 20 && payload <= end && parseOptions();
    }

    private boolean parseOptions() {
        timestamps = -1;
        sack = -1;
        sackBlocks = 0;
        windowScale = -1;
        int at = tcp + 20;
        while (at < payload) {
            int kind = buffer.get(at);
            if (kind == 0) {
                break;
            }
            if (kind == 1) {
                at++;
                continue;
            }
            int length = at + 1 < payload ? buffer.get(at + 1) & 0xff : 0;
            if (length < 2 || length > payload - at) {
                break;
            }
            keepOption(kind, at, length);
            at += length;
        }
        return true;
    }

    private void keepOption(int kind, int at, int length) {
        if (kind == 8 && length == 10) {
            timestamps = at + 2;
        } else if (kind == 5 && length >= 10 && (length - 2) % 8 == 0) {
            sack = at + 2;
            sackBlocks = (length - 2) / 8;
        } else if (kind == 3 && length == 3) {
            windowScale = Math.min(14, buffer.get(at + 2) & 0xff);
        }
    }

    public int sourceAddress() {
        return buffer.getInt(ip + 12);
    }

    public int destinationAddress() {
        return buffer.getInt(ip + 16);
    }

    public int sourcePort() {
        return buffer.getShort(tcp) & 0xffff;
    }

    public int destinationPort() {
        return buffer.getShort(tcp + 2) & 0xffff;
    }

    public int sequence() {
        return buffer.getInt(tcp + 4);
    }

    public int acknowledgement() {
        return buffer.getInt(tcp + 8);
    }

    public int flags() {
        return buffer.get(tcp + 13) & 0xff;
    }

    public boolean isFin() {
        return (flags() & 1) != 0;
    }

    public boolean isSyn() {
        return (flags() & 2) != 0;
    }

    public boolean isRst() {
        return (flags() & 4) != 0;
    }

    public boolean isAck() {
        return (flags() & 16) != 0;
    }

    public int window() {
        return buffer.getShort(tcp + 14) & 0xffff;
    }

    public int payloadLength() {
        return end - payload;
    }

    public boolean hasTimestamps() {
        return timestamps >= 0;
    }

    public int tsval() {
        return buffer.getInt(timestamps);
    }

    public int tsecr() {
        return buffer.getInt(timestamps + 4);
    }

    /** -1 without the option. */
    public int windowScale() {
        return windowScale;
    }

    public ByteBuffer buffer() {
        return buffer;
    }

    public int ipOffset() {
        return ip;
    }

    public int tcpOffset() {
        return tcp;
    }

    public int payloadOffset() {
        return payload;
    }

    public int endOffset() {
        return end;
    }

    /** Where TSval stands, TSecr behind it; -1 without the option. */
    public int timestampsOffset() {
        return timestamps;
    }

    /** Where the first SACK block stands. */
    public int sackOffset() {
        return sack;
    }

    public int sackBlocks() {
        return sackBlocks;
    }
}
