package io.holdfast.restore.replay;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.linux.LibC;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes up and repeats small segments of a client; owned by the thread that replays. */
final class Acknowledgement {
    private static final int TOTAL_LENGTH_OFFSET = 2;
    private static final int FLAGS_OFFSET = 13;
    /** Room for a SYN, whatever is with it on an Ethernet. */
    private static final int PACKET_BYTES = 2048;

    private final TunDevice tun;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(PACKET_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long address = LibC.addressOf(packet);
    private final Ipv4Packet header = new Ipv4Packet();
    private final TcpView segment = new TcpView();

    Acknowledgement(TunDevice tun) {
        this.tun = tun;
    }

    /** Sends the head of a client's segment without data, acknowledging no more than the clone has sent. */
    void send(TcpView later, ReplayConnection connection) {
        Ipv4Packet source = later.packet();
        int length = source.headerLength() + later.headerLength();
        packet.put(0, source.buffer(), source.offset(), length);
        packet.putShort(TOTAL_LENGTH_OFFSET, (short) length);
        packet.put(source.headerLength() + FLAGS_OFFSET, (byte) TcpView.ACK);
        view(length);
        for (int i = 0; i < segment.sackBlocks(); i++) {
            // An empty block at the acknowledgement reports nothing: what the real one reports is not sent yet.
            segment.sack(i, connection.cloneSent, connection.cloneSent);
        }
        segment.acknowledgement(connection.cloneSent);
        if (connection.hasCloneTsval) {
            SequenceTranslator.echo(segment, connection.cloneTsval);
        }
        write(length);
    }

    /** Sends a captured SYN again, which needs no translation. */
    void repeat(byte[] captured) {
        if (captured.length <= packet.capacity()) {
            packet.put(0, captured);
            view(captured.length);
            write(captured.length);
        }
    }

    private void view(int length) {
        if (!header.wrap(packet, 0, length) || !segment.wrap(header)) {
            throw new IllegalStateException("the head of a segment is no segment");
        }
    }

    private void write(int length) {
        Checksums.fill(header);
        tun.write(address, length);
    }
}
