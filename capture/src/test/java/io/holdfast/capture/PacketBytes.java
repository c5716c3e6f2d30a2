package io.holdfast.capture;

import java.nio.ByteBuffer;

/** Builds packets for tests, right in every field unless the test spoils them. */
final class PacketBytes {
    private PacketBytes() {
    }

    /** A TCP segment; {@code options} must be a multiple of four bytes. */
    static byte[] tcp(int source, int destination, int sourcePort, int destinationPort, int sequence, int ack, int flags,
            byte[] options, byte[] payload) {
        ByteBuffer buffer = ByteBuffer.allocate(40 + options.length + payload.length);
        ipv4(buffer, Ipv4Packet.PROTOCOL_TCP, source, destination);
        buffer.putShort((short) sourcePort).putShort((short) destinationPort).putInt(sequence).putInt(ack);
        buffer.put((byte) (5 + options.length / 4 << 4)).put((byte) flags).putShort((short) 1000).putInt(0);
        buffer.put(options).put(payload);
        return filled(buffer);
    }

    static byte[] udp(int source, int destination, int sourcePort, int destinationPort, byte[] payload) {
        ByteBuffer buffer = ByteBuffer.allocate(28 + payload.length);
        ipv4(buffer, Ipv4Packet.PROTOCOL_UDP, source, destination);
        buffer.putShort((short) sourcePort).putShort((short) destinationPort).putShort((short) (8 + payload.length));
        buffer.putShort((short) 0).put(payload);
        return filled(buffer);
    }

    static byte[] other(int protocol, int source, int destination, byte[] payload) {
        ByteBuffer buffer = ByteBuffer.allocate(20 + payload.length);
        ipv4(buffer, protocol, source, destination);
        return filled(buffer.put(payload));
    }

    private static void ipv4(ByteBuffer buffer, int protocol, int source, int destination) {
        buffer.put((byte) 0x45).put((byte) 0).putShort((short) buffer.capacity()).putShort((short) 77);
        buffer.putShort((short) 0).put((byte) 64).put((byte) protocol).putShort((short) 0);
        buffer.putInt(source).putInt(destination);
    }

    static byte[] filled(ByteBuffer buffer) {
        Ipv4Packet packet = new Ipv4Packet();
        if (!packet.wrap(buffer, 0, buffer.capacity())) {
            throw new IllegalStateException("the test built no packet");
        }
        Checksums.fill(packet);
        return buffer.array();
    }
}
