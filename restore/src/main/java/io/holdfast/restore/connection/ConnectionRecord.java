package io.holdfast.restore.connection;

/**
 * One connection of a {@link TableRecord}, as it stands in manifests and status; immutable.
 *
 * <p>Sequence numbers and timestamps are unsigned, in the client's numbering; names as in {@link Connection}.
 */
public record ConnectionRecord(TcpTuple tuple, ConnectionState state, long synIndex, long clientIsn, long serverIsn,
                               long highestAck, long clientSequenceEnd, boolean hasTimestamps, long lastTsval,
                               long lastTsecr, long lastTsecrIndex, long lastTsecrEpochNanos, long firstIndex,
                               long lastIndex, long packetsIn, long bytesIn, int takeoversSurvived, long delta,
                               long candidateIndex, long candidateIsn) {

    static ConnectionRecord of(Connection c) {
        return new ConnectionRecord(c.tuple, c.state, c.synIndex, unsigned(c.clientIsn), unsigned(c.serverIsn),
                unsigned(c.highestAck), unsigned(c.clientSequenceEnd), c.hasTimestamps, unsigned(c.lastTsval),
                unsigned(c.lastTsecr), c.lastTsecrIndex, c.lastTsecrEpochNanos, c.firstIndex, c.lastIndex, c.packetsIn,
                c.bytesIn, c.takeoversSurvived, unsigned(c.delta), c.candidateIndex, unsigned(c.candidateIsn));
    }

    /** As {@link Connection#isHandshakePending}. */
    boolean isHandshakePending() {
        return !state.isOver() && toConnection().isHandshakePending();
    }

    Connection toConnection() {
        Connection c = new Connection(tuple);
        c.state = state;
        c.synIndex = synIndex;
        c.clientIsn = (int) clientIsn;
        c.serverIsn = (int) serverIsn;
        c.highestAck = (int) highestAck;
        c.clientSequenceEnd = (int) clientSequenceEnd;
        c.hasTimestamps = hasTimestamps;
        c.lastTsval = (int) lastTsval;
        c.lastTsecr = (int) lastTsecr;
        c.lastTsecrIndex = lastTsecrIndex;
        c.lastTsecrEpochNanos = lastTsecrEpochNanos;
        c.firstIndex = firstIndex;
        c.lastIndex = lastIndex;
        c.packetsIn = packetsIn;
        c.bytesIn = bytesIn;
        c.takeoversSurvived = takeoversSurvived;
        c.delta = (int) delta;
        c.candidateIndex = candidateIndex;
        c.candidateIsn = (int) candidateIsn;
        return c;
    }

    private static long unsigned(int number) {
        return Integer.toUnsignedLong(number);
    }
}
