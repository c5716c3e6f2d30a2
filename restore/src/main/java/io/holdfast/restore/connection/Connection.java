package io.holdfast.restore.connection;

import io.holdfast.capture.TcpView;

/**
 * One incarnation of a TCP connection as the client's packets tell it; owned by the thread of its
 * {@link ConnectionTable}.
 *
 * <p>All sequence numbers are the <em>client's</em>: what stands in the packets it sends. The process image may count
 * the server's side from elsewhere; {@link #delta()} is the difference.
 */
public final class Connection {
    /** A first acknowledgement further than this from the initial number belongs to something else. */
    private static final int FIRST_FLIGHT_BYTES = 1 << 20;
    /** How far a segment may lie from the last one and still be believed: wider than any window in use. */
    private static final int PLAUSIBLE_BYTES = 1 << 26;
    private static final int PLAUSIBLE_ACKNOWLEDGED_BYTES = 1 << 30;
    /** How far behind the last segment a reset may lie, for one that crosses others on the way. */
    private static final int RESET_REACH_BYTES = 1 << 16;

    final TcpTuple tuple;
    ConnectionState state;
    long synIndex;
    int clientIsn;
    int serverIsn;
    int highestAck;
    int clientSequenceEnd;
    boolean hasTimestamps;
    int lastTsval;
    int lastTsecr;
    long lastTsecrIndex;
    long lastTsecrEpochNanos;
    long firstIndex;
    long lastIndex;
    long packetsIn;
    long bytesIn;
    int takeoversSurvived;
    int delta;
    /** Entry of a SYN that may begin the next incarnation; 0: none. It counts once the client goes on with it. */
    long candidateIndex;
    int candidateIsn;

    Connection(TcpTuple tuple) {
        this.tuple = tuple;
    }

    /** Begins anew with the SYN at {@code index}. */
    void begin(long index, int initialSequence) {
        state = ConnectionState.SYN_SEEN;
        synIndex = index;
        firstIndex = index;
        clientIsn = initialSequence;
        clientSequenceEnd = initialSequence + 1;
        serverIsn = 0;
        highestAck = 0;
        hasTimestamps = false;
        packetsIn = 0;
        bytesIn = 0;
        takeoversSurvived = 0;
        delta = 0;
        candidateIndex = 0;
    }

    void onSyn(long index, int initialSequence) {
        if (state.isOver()) {
            begin(index, initialSequence);
        } else if (initialSequence != clientIsn && (candidateIndex == 0 || candidateIsn != initialSequence)) {
            candidateIndex = index;
            candidateIsn = initialSequence;
        }
    }

    void onReset(int sequence) {
        if (candidateIndex != 0 && sequence == candidateIsn + 1) {
            candidateIndex = 0;
        } else if (SequenceNumber.isWithin(clientSequenceEnd - sequence, 0, RESET_REACH_BYTES)) {
            state = ConnectionState.RESET;
        }
    }

    /** A segment with an acknowledgement. Returns false when it cannot belong to this connection. */
    boolean onSegment(long index, long epochNanos, TcpView segment) {
        int sequence = segment.sequence();
        if (candidateIndex != 0 && SequenceNumber.isWithin(sequence, candidateIsn + 1, FIRST_FLIGHT_BYTES)) {
            begin(candidateIndex, candidateIsn);
        }
        if (state == ConnectionState.SYN_SEEN) {
            if (!SequenceNumber.isWithin(sequence, clientIsn + 1, FIRST_FLIGHT_BYTES)) {
                return false;
            }
            state = ConnectionState.OPEN;
            serverIsn = segment.acknowledgement() - 1;
            highestAck = segment.acknowledgement();
        } else if (!isPlausible(sequence, segment.acknowledgement())) {
            return false;
        }
        highestAck = SequenceNumber.later(segment.acknowledgement(), highestAck);
        int end = sequence + segment.sequenceLength();
        clientSequenceEnd = SequenceNumber.later(end, clientSequenceEnd);
        if (segment.has(TcpView.FIN) && state == ConnectionState.OPEN) {
            state = ConnectionState.CLIENT_FIN;
        }
        bytesIn += segment.payloadLength();
        keepTimestamps(index, epochNanos, segment);
        return true;
    }

    private boolean isPlausible(int sequence, int acknowledgement) {
        return SequenceNumber.isWithin(sequence, clientSequenceEnd - PLAUSIBLE_BYTES, 2 * PLAUSIBLE_BYTES)
                && acknowledgement - highestAck < PLAUSIBLE_ACKNOWLEDGED_BYTES;
    }

    private void keepTimestamps(long index, long epochNanos, TcpView segment) {
        if (!segment.hasTimestamps()) {
            return;
        }
        lastTsval = hasTimestamps ? SequenceNumber.later(segment.timestampValue(), lastTsval) : segment.timestampValue();
        if (!hasTimestamps || !SequenceNumber.isAfter(lastTsecr, segment.timestampEcho())) {
            lastTsecr = segment.timestampEcho();
            lastTsecrIndex = index;
            lastTsecrEpochNanos = epochNanos;
        }
        hasTimestamps = true;
    }

    public TcpTuple tuple() {
        return tuple;
    }

    public ConnectionState state() {
        return state;
    }

    /** The entry of the SYN that began this incarnation. */
    public long synIndex() {
        return synIndex;
    }

    public int clientIsn() {
        return clientIsn;
    }

    /** Meaningful once the state is no longer {@link ConnectionState#SYN_SEEN}. */
    public int serverIsn() {
        return serverIsn;
    }

    /** The highest number of the server's side that the client has acknowledged. */
    public int highestAck() {
        return highestAck;
    }

    /** The number after the last byte (or SYN, FIN) the client has sent. */
    public int clientSequenceEnd() {
        return clientSequenceEnd;
    }

    public boolean hasTimestamps() {
        return hasTimestamps;
    }

    public int lastTsval() {
        return lastTsval;
    }

    /** The latest timestamp of the server that the client has echoed. */
    public int lastTsecr() {
        return lastTsecr;
    }

    /** When that echo was captured, by the clock of the node that captured it. */
    public long lastTsecrEpochNanos() {
        return lastTsecrEpochNanos;
    }

    public long lastIndex() {
        return lastIndex;
    }

    /** What is added to the client's numbering of the server's side to get that of the process image. */
    public int delta() {
        return delta;
    }

    public int takeoversSurvived() {
        return takeoversSurvived;
    }

    /** Whether the client has asked for a connection (this one, or the next on the same ports) and not yet gone on. */
    public boolean isHandshakePending() {
        return state == ConnectionState.SYN_SEEN || candidateIndex != 0;
    }

    /** The client's initial number in the handshake that is pending. */
    public int pendingIsn() {
        return candidateIndex != 0 ? candidateIsn : clientIsn;
    }

    /** The SYN of the handshake that is pending. */
    public long pendingSynIndex() {
        return candidateIndex != 0 ? candidateIndex : synIndex;
    }
}
