package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.ConnectionState;
import io.holdfast.restore.connection.ConnectionTable;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Has clients repeat sooner what the dead primary did not take in; owned by one thread.
 *
 * <p>A client doubles its timeout with each repeat. An ICMP "host unreachable" that quotes its first unacknowledged
 * segment takes one doubling back (RFC 6069; Linux does, net/ipv4/tcp_ipv4.c, tcp_ld_RTO_revert; others may not). What
 * was lost begins where the journal ends, so that is the number quoted; one that does not fit is ignored. It comes from
 * this node's own address: the virtual one may not send yet (I2). A connection that is only being opened is left
 * alone: there the same message would end the attempt.
 */
public final class ClientNudge implements AutoCloseable {
    private static final int ICMP_DEST_UNREACH = 3;
    private static final int ICMP_HOST_UNREACH = 1;
    private static final int IPPROTO_ICMP = 1;
    private static final int ICMP_BYTES = 8;
    private static final int IP_BYTES = 20;
    private static final int PACKET_BYTES = ICMP_BYTES + IP_BYTES + 8;
    private static final int SOCKADDR_IN_BYTES = 16;
    private static final int TTL = 64;

    private final Descriptor socket;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final ByteBuffer address = LibC.direct(SOCKADDR_IN_BYTES);

    /** Sends from the network namespace of the calling thread. */
    public ClientNudge() {
        socket = Descriptor.socket(LibC.AF_INET, LibC.SOCK_RAW | LibC.SOCK_NONBLOCK, IPPROTO_ICMP, "ICMP");
    }

    /** Takes {@code times} doublings back for the client of every open connection. Returns how many messages went out. */
    public int nudge(ConnectionTable table, int times) {
        int[] sent = new int[1];
        table.forEach(connection -> {
            if (connection.state() == ConnectionState.OPEN || connection.state() == ConnectionState.CLIENT_FIN) {
                write(connection);
                for (int i = 0; i < times; i++) {
                    sent[0] += send() ? 1 : 0;
                }
            }
        });
        return sent[0];
    }

    private void write(Connection connection) {
        var tuple = connection.tuple();
        packet.clear();
        packet.put((byte) ICMP_DEST_UNREACH).put((byte) ICMP_HOST_UNREACH).putShort((short) 0).putInt(0);
        packet.putShort((short) 0x4500).putShort((short) (IP_BYTES + 20)).putInt(0).put((byte) TTL)
                .put((byte) LibC.IPPROTO_TCP).putShort((short) 0).putInt(tuple.clientAddress()).putInt(tuple.serverAddress());
        packet.putShort((short) tuple.clientPort()).putShort((short) tuple.serverPort()).putInt(connection.clientSequenceEnd());
        packet.putShort(2, checksum());
        address.putShort(0, (short) LibC.AF_INET);
        address.duplicate().order(ByteOrder.BIG_ENDIAN).putShort(2, (short) 0).putInt(4, tuple.clientAddress());
    }

    /** Returns false when the message could not be sent: it is a courtesy, so nothing is made of it. */
    private boolean send() {
        long result = LibC.sendto(socket.number(), LibC.addressOf(packet), PACKET_BYTES, 0, LibC.addressOf(address),
                SOCKADDR_IN_BYTES);
        Reference.reachabilityFence(packet);
        return result == PACKET_BYTES;
    }

    /** RFC 1071, over the whole message. */
    private short checksum() {
        int sum = 0;
        for (int at = 0; at < PACKET_BYTES; at += Short.BYTES) {
            sum += packet.getShort(at) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~((sum & 0xffff) + (sum >>> 16));
    }

    @Override
    public void close() {
        socket.close();
    }
}
