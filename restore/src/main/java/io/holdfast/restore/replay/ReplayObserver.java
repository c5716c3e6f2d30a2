package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.restore.connection.TcpTuple;

/**
 * Hears what passes the loopback in a replay; called by the thread that replays, which waits meanwhile. What it is shown
 * is the replay's own and changes afterwards.
 */
public interface ReplayObserver {
    /** Hears nothing. */
    ReplayObserver NONE = new ReplayObserver() {
        @Override
        public void onGiven(long index, long epochNanos, Ipv4Packet packet) {
            // Nobody listens.
        }

        @Override
        public void onAnswer(Ipv4Packet packet) {
            // Nobody listens.
        }

        @Override
        public AnswerSink begin(TcpTuple tuple, long synIndex, int firstSequence, long streamOffset) {
            return AnswerSink.NONE;
        }
    };

    /** A client's packet as the stack is given it: in the clone's numbering, checksums whole. */
    void onGiven(long index, long epochNanos, Ipv4Packet packet);

    /** A packet of the clone as it comes out of the loopback, repetitions included. */
    void onAnswer(Ipv4Packet packet);

    /**
     * The clone's side of a connection begins.
     *
     * @param synIndex      entry of the SYN that began the connection; before the mark when the image holds it
     * @param firstSequence number of the first byte the clone can send, in its own numbering
     * @param streamOffset  bytes the server had sent on this connection before that one, modulo 2^32
     * @return who hears of its bytes
     */
    AnswerSink begin(TcpTuple tuple, long synIndex, int firstSequence, long streamOffset);
}
