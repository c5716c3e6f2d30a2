package io.holdfast.restore.replay;

import io.holdfast.restore.connection.TcpTuple;

/** Hears of handshakes that a takeover found half done; called by the capture thread or the one that resolves. */
@FunctionalInterface
public interface HandshakeListener {
    /**
     * The client goes on with the handshake it began with the old primary.
     *
     * @param delta the image's numbering of the server's side minus the client's; in force in the kernel
     * @param hasTimestamps whether the connection has timestamps, which then are to be put forward
     * @param echo the timestamp of the old primary that the client echoed
     */
    void onContinued(TcpTuple tuple, int delta, boolean hasTimestamps, int echo);
}
