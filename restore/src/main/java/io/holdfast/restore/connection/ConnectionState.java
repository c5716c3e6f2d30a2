package io.holdfast.restore.connection;

/** How far a connection has come, as far as the client's packets alone tell. */
public enum ConnectionState {
    /** The client asked for the connection; nothing shows yet that it saw the server's answer. */
    SYN_SEEN,
    /** The client acknowledged the server's initial sequence number: both sides hold the connection open. */
    OPEN,
    /** The client has said that it will send no more; the server may still be sending. */
    CLIENT_FIN,
    /** The client reset the connection. */
    RESET,
    /** The node journaled that the connection is over: the server ended it, or it was closed on purpose. */
    CLOSED;

    /** Whether nothing of the connection is left to carry on. */
    public boolean isOver() {
        return this == RESET || this == CLOSED;
    }
}
