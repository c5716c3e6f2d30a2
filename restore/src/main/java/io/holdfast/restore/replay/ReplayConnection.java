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
    /** RFC 9293 section 3.7.1. */
    private static final int DEFAULT_MSS = 536;
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
    /** Hears what the clone sends; nobody until the clone has answered the SYN. */
    AnswerSink sink = AnswerSink.NONE;
    private final AnswerTail tail = new AnswerTail();
    private final InOrderBytes given = new InOrderBytes();
    private long receivedBefore;
    private int cloneScale;
    private int clientScale;
    private int clientMss = DEFAULT_MSS;
    private boolean hasScale;
    private boolean selectiveAcks;
    private boolean hasTimestamps;
    private int clientSequenceEnd;
    private int clientWindow;
    private boolean hasWindow;
    private int windowEnd;

    boolean clientFinished;
    boolean clientReset;
    boolean slowReader;
    /** When the client's last segment was captured, once it has ended the connection. */
    long overEpochNanos;

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
        connection.clientSequenceEnd = syn.sequence() + 1;
        connection.given.begin(syn.sequence() + 1);
        connection.clientMss = syn.hasMss() ? syn.mss() : DEFAULT_MSS;
        connection.clientScale = syn.hasWindowScale() ? Math.min(LARGEST_SCALE, syn.windowScale()) : 0;
        return connection;
    }

    /** A connection of the image, as the table and the clone's socket have it. */
    static ReplayConnection ofImage(Connection known, TcpSocket socket) {
        ReplayConnection connection = new ReplayConnection(known.tuple(), 0, known.clientIsn());
        connection.established = true;
        connection.delta = known.delta();
        connection.acknowledged = known.highestAck();
        connection.acknowledgedToClone = known.highestAck() + known.delta();
        connection.clientSequenceEnd = known.clientSequenceEnd();
        connection.tail.begin(connection.acknowledgedToClone);
        connection.given.begin(known.clientSequenceEnd());
        connection.cloneAnswered = true;
        connection.cloneSent = connection.acknowledgedToClone + socket.sendQueueBytes();
        if (socket.info() != null) {
            connection.cloneSent -= socket.info().notSentBytes();
            connection.receivedBefore = socket.info().bytesReceived();
            connection.cloneScale = socket.info().receiveScale();
            connection.clientScale = socket.info().sendScale();
            connection.hasScale = connection.clientScale != 0 || connection.cloneScale != 0;
            connection.clientMss = socket.info().sendMssBytes();
            connection.selectiveAcks = socket.info().selectiveAcks();
            connection.hasTimestamps = socket.info().timestamps();
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
        tail.begin(cloneSent);
        hasScale = answer.hasWindowScale(); // an answer has an option only if the SYN had it
        selectiveAcks = answer.isSackPermitted();
        hasTimestamps = answer.hasTimestamps();
        hasWindow = true;
        windowEnd = answer.acknowledgement() + answer.window(); // never scaled in a SYN (RFC 7323 section 2.2)
        keepTimestamp(answer);
    }

    /** The clone sent something later. */
    void onAnswer(TcpView answer) {
        if (answer.has(TcpView.RST)) {
            cloneResets++;
            sink.ended(true);
            return;
        }
        int end = answer.sequence() + answer.sequenceLength();
        cloneSent = SequenceNumber.later(end, cloneSent);
        if (answer.payloadLength() > 0) {
            tail.append(answer.sequence(), answer.packet().buffer(), answer.payloadOffset(), answer.payloadLength());
            sink.sent(answer.sequence(), answer.packet().buffer(), answer.payloadOffset(), answer.payloadLength());
        }
        if (answer.has(TcpView.FIN)) {
            cloneFinished = true;
            sink.ended(false);
        }
        int edge = answer.acknowledgement() + (answer.window() << cloneScale);
        windowEnd = hasWindow ? SequenceNumber.later(edge, windowEnd) : edge;
        hasWindow = true;
        keepTimestamp(answer);
    }

    /** The client acknowledged, which the clone was told as {@code toClone}. */
    void acknowledge(int acknowledgement, int toClone) {
        acknowledged = SequenceNumber.later(acknowledgement, acknowledged);
        acknowledgedToClone = SequenceNumber.later(toClone, acknowledgedToClone);
        tail.acknowledged(toClone);
        sink.acknowledged(acknowledgedToClone);
    }

    /** The clone was given a segment of the client. */
    void given(TcpView segment) {
        clientSequenceEnd = SequenceNumber.later(segment.sequence() + segment.payloadLength(), clientSequenceEnd);
        given.add(segment.sequence(), segment.sequence() + segment.sequenceLength());
        clientWindow = segment.window() << clientScale;
        clientFinished |= segment.has(TcpView.FIN);
        clientReset |= segment.has(TcpView.RST);
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

    /**
     * What a client is owed when the workload has closed the connection; null when that is not known. A client that
     * has everything is given the FIN again, so that its own is acknowledged with timestamps it takes.
     */
    private Farewell.Plan farewell() {
        if (!established || !cloneFinished) {
            return null;
        }
        int fin = cloneSent - 1;
        int first = SequenceNumber.isAfter(acknowledgedToClone, fin) ? fin : acknowledgedToClone;
        byte[] owed = first == fin ? new byte[0] : tail.between(first, fin);
        return owed == null ? null : new Farewell.Plan(first - delta, clientSequenceEnd, owed,
                Math.max(clientWindow, clientMss), clientMss, clientScale, cloneScale, hasScale, selectiveAcks, hasTimestamps);
    }

    ReplayReport.Outcome outcome() {
        boolean short_ = established && SequenceNumber.isAfter(acknowledged + delta, cloneSent);
        return new ReplayReport.Outcome(tuple, synIndex, established, established ? delta : 0, cloneIsn, cloneAnswered,
                cloneSent - delta, acknowledged, acknowledgedToClone, diverged || short_, hasCloneTsval, cloneTsval,
                cloneResets, cloneFinished, receivedBefore + given.count(), farewell());
    }
}
