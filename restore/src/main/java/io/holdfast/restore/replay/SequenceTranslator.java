package io.holdfast.restore.replay;

import io.holdfast.restore.connection.TcpView;
import java.nio.ByteBuffer;

/**
 * Rewrites a client's segment for the clone, which counts the server's side from another number; stateless.
 *
 * <p>The client's own numbers need no translation: the clone took them from the client's SYN.
 */
final class SequenceTranslator {
    private static final int ACKNOWLEDGEMENT_OFFSET = 8;
    private static final int CHECKSUM_OFFSET = 16;
    private static final int SACK_BLOCK_BYTES = 8;

    private SequenceTranslator() {
    }

    /** Adds {@code delta} to the edges of the SACK blocks and writes the acknowledgement, which is translated already. */
    static void translate(TcpView segment, int acknowledgement, int delta) {
        ByteBuffer packet = segment.buffer();
        packet.putInt(segment.tcpOffset() + ACKNOWLEDGEMENT_OFFSET, acknowledgement);
        int blocks = segment.sackBlocks();
        for (int i = 0; i < blocks; i++) {
            int left = segment.sackOffset() + i * SACK_BLOCK_BYTES;
            packet.putInt(left, packet.getInt(left) + delta);
            packet.putInt(left + Integer.BYTES, packet.getInt(left + Integer.BYTES) + delta);
        }
    }

    /**
     * Has the client echo a timestamp the clone has sent. Since Linux 6.15 a handshake is refused when the echo lies
     * outside what the request sent (net/ipv4/tcp_minisocks.c, tcp_check_req); later it feeds round-trip times.
     */
    static void echo(TcpView segment, int timestamp) {
        if (segment.hasTimestamps() && segment.tsecr() != 0) {
            segment.buffer().putInt(segment.timestampsOffset() + Integer.BYTES, timestamp);
        }
    }

    /** Writes all checksums anew: those of captured packets may be unfinished. */
    static void finish(TcpView segment) {
        Checksums.writeIp(segment.buffer(), segment.ipOffset());
        Checksums.writeTransport(segment.buffer(), segment.ipOffset(), segment.tcpOffset(), segment.endOffset(), 6,
                segment.tcpOffset() + CHECKSUM_OFFSET);
    }
}
