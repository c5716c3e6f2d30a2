package io.holdfast.restore.replay;

import io.holdfast.capture.TcpView;

/**
 * Rewrites a client's segment for the clone, which counts the server's side from another number; stateless.
 *
 * <p>The client's own numbers need no translation: the clone took them from the client's SYN. Checksums are the
 * caller's.
 */
final class SequenceTranslator {
    private SequenceTranslator() {
    }

    /** Adds {@code delta} to the edges of the SACK blocks and writes the acknowledgement, which is translated already. */
    static void translate(TcpView segment, int acknowledgement, int delta) {
        segment.acknowledgement(acknowledgement);
        int blocks = segment.sackBlocks();
        for (int i = 0; i < blocks; i++) {
            segment.sack(i, segment.sackLeft(i) + delta, segment.sackRight(i) + delta);
        }
    }

    /**
     * Has the client echo a timestamp the clone has sent. Since Linux 6.15 a handshake is refused when the echo lies
     * outside what the request sent (net/ipv4/tcp_minisocks.c, tcp_check_req); later it feeds round-trip times.
     */
    static void echo(TcpView segment, int timestamp) {
        if (segment.hasTimestamps() && segment.timestampEcho() != 0) {
            segment.timestamps(segment.timestampValue(), timestamp);
        }
    }
}
