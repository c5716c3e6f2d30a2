package io.holdfast.cli.inspect;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.UdpView;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;

import java.nio.ByteBuffer;

/** Owned by the thread that reads: the packet in an entry, or why there is none; valid until the entry is filled again. */
public final class PacketView {
    /** What an entry holds. */
    public enum Kind {
        /** No PACKET at all. */
        NONE,
        TCP,
        UDP,
        /** An IPv4 packet of another protocol, or a fragment. */
        OTHER,
        /** A PACKET whose bytes are no whole IPv4 packet, or one without the transport header it says it has. */
        MALFORMED
    }

    public final Ipv4Packet ip = new Ipv4Packet();
    public final TcpView tcp = new TcpView();
    public final UdpView udp = new UdpView();
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private Kind kind = Kind.NONE;
    private boolean ipv4;

    public Kind view(JournalEntry entry) {
        ipv4 = false;
        kind = entry.kind() == EntryKind.PACKET && !entry.internal() ? packet(entry) : Kind.NONE;
        return kind;
    }

    /** Whether {@link #ip} is an IPv4 packet, whatever is in it. */
    public boolean isIpv4() {
        return ipv4;
    }

    private Kind packet(JournalEntry entry) {
        if (bytes.array() != entry.buffer()) {
            bytes = ByteBuffer.wrap(entry.buffer());
        }
        ipv4 = ip.wrap(bytes, entry.bodyOffset(), entry.bodyLength());
        if (!ipv4) {
            return Kind.MALFORMED;
        }
        if (ip.isFragment()) {
            return Kind.OTHER;
        }
        return switch (ip.protocol()) {
            case Ipv4Packet.PROTOCOL_TCP -> tcp.wrap(ip) ? Kind.TCP : Kind.MALFORMED;
            case Ipv4Packet.PROTOCOL_UDP -> udp.wrap(ip) ? Kind.UDP : Kind.MALFORMED;
            default -> Kind.OTHER;
        };
    }

    public Kind kind() {
        return kind;
    }

    public boolean hasPorts() {
        return kind == Kind.TCP || kind == Kind.UDP;
    }

    public boolean hasAddresses() {
        return hasPorts() || kind == Kind.OTHER;
    }

    public int sourcePort() {
        return kind == Kind.TCP ? tcp.sourcePort() : udp.sourcePort();
    }

    public int destinationPort() {
        return kind == Kind.TCP ? tcp.destinationPort() : udp.destinationPort();
    }

    /** Where in the entry's buffer the transport's payload begins. */
    public int payloadOffset() {
        return kind == Kind.TCP ? tcp.payloadOffset() : kind == Kind.UDP ? udp.payloadOffset() : ip.payloadOffset();
    }

    public int payloadLength() {
        return kind == Kind.TCP ? tcp.payloadLength() : kind == Kind.UDP ? udp.payloadLength() : ip.payloadLength();
    }
}
