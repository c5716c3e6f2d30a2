package io.holdfast.restore.replay;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.TcpTuple;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Has the kernel reset a connection there is no socket of: gives the stack an acknowledgement as the client would send
 * it, which no socket takes (RFC 9293 section 3.10.7.1), so that the reset bears the client's own numbers; owned by
 * the thread that owns the loopback.
 */
final class ResetPrompt {
    private static final int PACKET_BYTES = 40;
    private static final int TTL = 64;
    private static final short VERSION_AND_LENGTH = 0x4500;
    private static final byte TCP_HEADER_WORDS = 5 << 4;

    private final TunDevice tun;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long address = LibC.addressOf(packet);
    private final Ipv4Packet header = new Ipv4Packet();

    ResetPrompt(Loopback loopback) {
        this.tun = loopback.device();
    }

    void prompt(Connection connection) {
        TcpTuple tuple = connection.tuple();
        packet.clear();
        packet.putShort(VERSION_AND_LENGTH).putShort((short) PACKET_BYTES).putInt(0).put((byte) TTL)
                .put((byte) Ipv4Packet.PROTOCOL_TCP).putShort((short) 0).putInt(tuple.clientAddress())
                .putInt(tuple.serverAddress());
        packet.putShort((short) tuple.clientPort()).putShort((short) tuple.serverPort())
                .putInt(connection.clientSequenceEnd()).putInt(connection.highestAck()).put(TCP_HEADER_WORDS)
                .put((byte) TcpView.ACK).putShort((short) 0).putInt(0);
        header.wrap(packet, 0, PACKET_BYTES);
        Checksums.fill(header);
        tun.write(address, PACKET_BYTES);
    }
}
