package io.holdfast.restore.replay;

import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.SequenceNumber;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;

/**
 * One connection while it is replayed: what the client's packets say and what the clone answered; owned by the thread
 * that replays.
 *
 * <p>Names with "clone" are in the clone's numbering of the server's side, the others in the client's.
 */
final class ReplayConnection {
    /** A first segment further than this from the initial number belongs to something else. */
    private static final int FIRST_FLIGHT_BYTES = 1 << 20;
    /** RFC 7323 section 2.3. */
    private static final int LARGEST_SCALE = 14;

    final TcpTuple tuple;
    /** 0 for a connection of the image. */
    final long synIndex;
    final int clientIsn;
    /** The packet that began the connection, until it is established; null for one of the image. */
    byte[] syn;
    /** The next incarnation on the same ports, while the clone has not answered its SYN. */
    ReplayConnection successor;
    boolean established;
    int delta;
    int acknowledged;
    int acknowledgedToClone;
    boolean diverged;

    boolean cloneAnswered;
    int cloneIsn;
    int cloneSent;
    int cloneTsval;
    boolean hasCloneTsval;
    boolean cloneFinished;
    long cloneResets;
    private int cloneScale;
    private boolean hasWindow;
    private int windowEnd;

    boolean clientFinished;
    boolean clientReset;
    boolean slowReader;

    private ReplayConnection(TcpTuple tuple, long synIndex, int clientIsn) {
        this.tuple = tuple;
        this.synIndex = synIndex;
        this.clientIsn = clientIsn;
    }

    /** A connection that begins with the SYN at {@code index}. */
    static ReplayConnection ofSyn(long index, TcpView syn) {
        ReplayConnection connection = new ReplayConnection(TcpTuple.of(syn), index, syn.sequence());
        connection.syn = new byte[syn.packet().totalLength()];
        syn.packet().buffer().get(syn.packet().offset(), connection.syn);
        return connection;
    }

    /** A connection of the image, as the table and the clone's socket have it. */
    static ReplayConnection ofImage(Connection known, TcpSocket socket) {
        ReplayConnection connection = new ReplayConnection(known.tuple(), 0, known.clientIsn());
        connection.established = true;
        connection.delta = known.delta();
        connection.acknowledged = known.highestAck();
        connection.acknowledgedToClone = known.highestAck() + known.delta();
        connection.cloneAnswered = true;
        connection.cloneSent = connection.acknowledgedToClone + socket.sendQueueBytes();
        if (socket.info() != null) {
            connection.cloneSent -= socket.info().notSentBytes();
            connection.cloneScale = socket.info().receiveScale();
            connection.windowEnd = known.clientSequenceEnd() + socket.info().receiveWindowBytes();
            connection.hasWindow = socket.info().receiveWindowBytes() > 0;
        }
        return connection;
    }

    /** Takes the primary's initial number from the client's first acknowledgement. */
    void establish(int acknowledgement) {
        established = true;
        delta = cloneIsn - (acknowledgement - 1);
        acknowledged = acknowledgement;
        acknowledgedToClone = cloneIsn + 1;
        syn = null;
    }

    /** The clone answered the SYN. */
    void onSynAck(TcpView answer) {
        cloneAnswered = true;
        cloneIsn = answer.sequence();
        cloneSent = cloneIsn + 1;
        cloneScale = answer.hasWindowScale() ? Math.min(LARGEST_SCALE, answer.windowScale()) : 0;
        hasWindow = true;
        windowEnd = answer.acknowledgement() + answer.window(); // never scaled in a SYN (RFC 7323 section 2.2)
        keepTimestamp(answer);
    }

    /** The clone sent something later. */
    void onAnswer(TcpView answer) {
        if (answer.has(TcpView.RST)) {
            cloneResets++;
            return;
        }
        int end = answer.sequence() + answer.sequenceLength();
        cloneSent = SequenceNumber.later(end, cloneSent);
        cloneFinished |= answer.has(TcpView.FIN);
        int edge = answer.acknowledgement() + (answer.window() << cloneScale);
        windowEnd = hasWindow ? SequenceNumber.later(edge, windowEnd) : edge;
        hasWindow = true;
        keepTimestamp(answer);
    }

    private void keepTimestamp(TcpView answer) {
        if (answer.hasTimestamps()) {
            cloneTsval = answer.timestampValue();
            hasCloneTsval = true;
        }
    }

    /** Whether the clone has sent everything up to {@code acknowledgement}, which is in its numbering. */
    boolean hasSent(int acknowledgement) {
        return !SequenceNumber.isAfter(acknowledgement, cloneSent);
    }

    /** Whether the clone has room for the client's bytes up to {@code sequenceEnd}. */
    boolean hasRoom(int sequenceEnd) {
        return !hasWindow || !SequenceNumber.isAfter(sequenceEnd, windowEnd);
    }

    /** Whether both sides have said that they send no more, and the client knows. */
    boolean isOver() {
        return clientReset || clientFinished && cloneFinished && acknowledgedToClone == cloneSent;
    }

    /** Whether a segment can be the first after the SYN of this connection. */
    boolean canBegin(TcpView segment) {
        return SequenceNumber.isWithin(segment.sequence(), clientIsn + 1, FIRST_FLIGHT_BYTES);
    }

    ReplayReport.Outcome outcome() {
        boolean short_ = established && SequenceNumber.isAfter(acknowledged + delta, cloneSent);
        return new ReplayReport.Outcome(tuple, synIndex, established, established ? delta : 0, cloneIsn, cloneAnswered,
                cloneSent - delta, acknowledged, acknowledgedToClone, diverged || short_, hasCloneTsval, cloneTsval,
                cloneResets, cloneFinished);
    }
}
