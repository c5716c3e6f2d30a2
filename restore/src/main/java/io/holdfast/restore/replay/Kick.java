package io.holdfast.restore.replay;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.TcpTuple;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes sockets send again at once what is not acknowledged, instead of when their doubled timeout ends; owned by the
 * thread that owns the loopback.
 *
 * <p>While replay had the outside shut, the timeouts of unacknowledged answers doubled with each try. An ICMP "host
 * unreachable" that quotes the first unacknowledged segment takes one doubling back and, when the shorter timeout is
 * over already, has TCP send at once (RFC 6069; net/ipv4/tcp_ipv4.c, tcp_ld_RTO_revert).
 */
public final class Kick {
    private static final int ICMP_DEST_UNREACH = 3;
    private static final int ICMP_HOST_UNREACH = 1;
    private static final int PROTOCOL_ICMP = 1;
    private static final int IP_BYTES = 20;
    private static final int ICMP_BYTES = 8;
    private static final int QUOTED_BYTES = IP_BYTES + 8;
    private static final int PACKET_BYTES = IP_BYTES + ICMP_BYTES + QUOTED_BYTES;
    private static final int TTL = 64;

    private final TunDevice tun;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long address = LibC.addressOf(packet);
    private final Ipv4Packet header = new Ipv4Packet();

    public Kick(Loopback loopback) {
        this.tun = loopback.device();
    }

    /**
     * Takes {@code times} doublings back.
     *
     * @param firstUnacknowledged in the numbering of the process image
     */
    public void kick(TcpTuple connection, int firstUnacknowledged, int times) {
        packet.clear();
        ipHeader(PACKET_BYTES, PROTOCOL_ICMP, connection.clientAddress(), connection.serverAddress());
        packet.put((byte) ICMP_DEST_UNREACH).put((byte) ICMP_HOST_UNREACH).putShort((short) 0).putInt(0);
        ipHeader(IP_BYTES + 20, Ipv4Packet.PROTOCOL_TCP, connection.serverAddress(), connection.clientAddress());
        packet.putShort((short) connection.serverPort()).putShort((short) connection.clientPort()).putInt(firstUnacknowledged);
        packet.putShort(IP_BYTES + 2, icmpChecksum());
        header.wrap(packet, 0, PACKET_BYTES);
        Checksums.fill(header);
        for (int i = 0; i < times; i++) {
            tun.write(address, PACKET_BYTES);
        }
    }

    private void ipHeader(int length, int protocol, int source, int destination) {
        packet.putShort((short) 0x4500).putShort((short) length).putInt(0).put((byte) TTL).put((byte) protocol)
                .putShort((short) 0).putInt(source).putInt(destination);
    }

    private short icmpChecksum() {
        int sum = 0;
        for (int at = IP_BYTES; at < PACKET_BYTES; at += Short.BYTES) {
            sum += packet.getShort(at) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~((sum & 0xffff) + (sum >>> 16));
    }
}
