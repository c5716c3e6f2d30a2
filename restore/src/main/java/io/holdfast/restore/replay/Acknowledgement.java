package io.holdfast.restore.replay;

import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.TcpView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes up and repeats small segments of a client; owned by the thread that replays. */
final class Acknowledgement {
    private static final int LARGEST_HEADER_BYTES = 120;

    private final TunDevice tun;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(2048).order(ByteOrder.BIG_ENDIAN);
    private final long address = LibC.addressOf(packet);
    private final TcpView segment = new TcpView();

    Acknowledgement(TunDevice tun) {
        this.tun = tun;
    }

    /** Sends the head of a client's segment without data, acknowledging no more than the clone has sent. */
    void send(TcpView later, ReplayConnection connection) {
        int length = later.payloadOffset() - later.ipOffset();
        if (length > LARGEST_HEADER_BYTES) {
            throw new IllegalStateException("headers of " + length + " bytes");
        }
        packet.put(0, later.buffer(), later.ipOffset(), length);
        packet.putShort(2, (short) length);
        int tcp = later.tcpOffset() - later.ipOffset();
        packet.put(tcp + 13, (byte) 16); // ACK alone
        if (later.sackBlocks() > 0) {
            blank(later.sackOffset() - 2 - later.ipOffset(), 2 + 8 * later.sackBlocks());
        }
        if (!segment.wrap(packet, 0, length)) {
            throw new IllegalStateException("the head of a segment is no segment");
        }
        SequenceTranslator.translate(segment, connection.cloneSent, 0);
        if (connection.hasCloneTsval) {
            SequenceTranslator.echo(segment, connection.cloneTsval);
        }
        SequenceTranslator.finish(segment);
        tun.write(address, length);
    }

    /** Fills with the no-operation option: what lies beyond the acknowledgement cannot be reported yet. */
    private void blank(int from, int length) {
        for (int at = from; at < from + length; at++) {
            packet.put(at, (byte) 1);
        }
    }

    /** Sends a captured segment again that needs no translation. */
    void repeat(byte[] captured) {
        if (captured.length > packet.capacity()) {
            return; // a SYN with that much data is the workload's own affair
        }
        packet.put(0, captured);
        if (segment.wrap(packet, 0, captured.length)) {
            SequenceTranslator.finish(segment);
            tun.write(address, captured.length);
        }
    }
}
