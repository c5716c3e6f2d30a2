package io.holdfast.restore.connection;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import java.nio.ByteBuffer;

/** Builds TCP segments as a client would send them. */
public final class SegmentBuilder {
    private final TcpTuple tuple;
    private int flags = TcpView.ACK;
    private int sequence;
    private int acknowledgement;
    private int window = 1000;
    private byte[] payload = {};
    private byte[] options = {};

    public SegmentBuilder(TcpTuple tuple) {
        this.tuple = tuple;
    }

    public SegmentBuilder flags(int value) {
        flags = value;
        return this;
    }

    public SegmentBuilder sequence(int value) {
        sequence = value;
        return this;
    }

    public SegmentBuilder acknowledgement(int value) {
        acknowledgement = value;
        return this;
    }

    public SegmentBuilder window(int value) {
        window = value;
        return this;
    }

    public SegmentBuilder payload(int bytes) {
        return payload(new byte[bytes]);
    }

    public SegmentBuilder payload(byte[] bytes) {
        payload = bytes;
        return this;
    }

    public SegmentBuilder timestamps(int value, int echo) {
        return option(ByteBuffer.allocate(12).put((byte) 1).put((byte) 1).put((byte) 8).put((byte) 10).putInt(value)
                .putInt(echo).array());
    }

    /** Edges of blocks in turn. */
    public SegmentBuilder sack(int... edges) {
        ByteBuffer bytes = ByteBuffer.allocate(4 + edges.length * 4).put((byte) 1).put((byte) 1).put((byte) 5)
                .put((byte) (2 + edges.length * 4));
        for (int edge : edges) {
            bytes.putInt(edge);
        }
        return option(bytes.array());
    }

    /** Adds bytes to the options; a multiple of 4. */
    public SegmentBuilder option(byte[] bytes) {
        options = ByteBuffer.allocate(options.length + bytes.length).put(options).put(bytes).array();
        return this;
    }

    /** The packet with right checksums. */
    public byte[] bytes() {
        int length = 40 + options.length + payload.length;
        ByteBuffer packet = ByteBuffer.allocate(length);
        packet.putShort((short) 0x4500).putShort((short) length).putInt(0).put((byte) 64)
                .put((byte) Ipv4Packet.PROTOCOL_TCP).putShort((short) 0).putInt(tuple.clientAddress())
                .putInt(tuple.serverAddress());
        packet.putShort((short) tuple.clientPort()).putShort((short) tuple.serverPort()).putInt(sequence)
                .putInt(acknowledgement).put((byte) ((20 + options.length) / 4 << 4)).put((byte) flags)
                .putShort((short) window).putInt(0).put(options).put(payload);
        Ipv4Packet header = new Ipv4Packet();
        header.wrap(packet, 0, length);
        Checksums.fill(header);
        return packet.array();
    }

    public TcpView view() {
        Ipv4Packet header = new Ipv4Packet();
        TcpView view = new TcpView();
        byte[] bytes = bytes();
        if (!header.wrap(ByteBuffer.wrap(bytes), 0, bytes.length) || !view.wrap(header)) {
            throw new IllegalStateException("not a segment");
        }
        return view;
    }
}
