package io.holdfast.restore.connection;

/** The TCP states of the kernel, in the order of its numbers from 1 (include/net/tcp_states.h). */
public enum SocketState {
    /** Data flows both ways. */
    ESTABLISHED,
    /** This side asked for a connection and has no answer yet. */
    SYN_SENT,
    /** A client asked for a connection; its acknowledgement is awaited. */
    SYN_RECV,
    /** This side has closed; neither its FIN's acknowledgement nor the client's FIN has come. */
    FIN_WAIT1,
    /** This side has closed and the client knows; the client may still send. */
    FIN_WAIT2,
    /** Both have closed; late segments are awaited. */
    TIME_WAIT,
    /** Nothing is open. */
    CLOSE,
    /** The client has closed; this side may still send. */
    CLOSE_WAIT,
    /** Both have closed, the client first; the acknowledgement of this side's FIN is awaited. */
    LAST_ACK,
    /** Connections are accepted here. */
    LISTEN,
    /** Both have closed at the same time. */
    CLOSING,
    /** A request for a connection, kept apart from sockets. */
    NEW_SYN_RECV;

    private static final SocketState[] ALL = values();

    /** The state with the kernel's number; CLOSE for one this code does not know. */
    static SocketState of(int number) {
        return number >= 1 && number <= ALL.length ? ALL[number - 1] : CLOSE;
    }

    int bit() {
        return 1 << ordinal() + 1;
    }

    /** Whether bytes of this side may still have to reach the client. */
    public boolean canStillSend() {
        return switch (this) {
            case ESTABLISHED, CLOSE_WAIT, FIN_WAIT1, LAST_ACK, CLOSING -> true;
            default -> false;
        };
    }
}
