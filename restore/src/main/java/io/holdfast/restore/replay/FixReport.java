package io.holdfast.restore.replay;

import io.holdfast.restore.connection.TcpTuple;
import java.util.List;

/**
 * What became of each connection when its sockets were made fit for the outside; immutable.
 *
 * @param farewells connections the workload has closed whose last bytes are still to be delivered
 * @param pending handshakes whose client has not been heard of since its SYN
 */
public record FixReport(List<Survivor> survivors, List<Doomed> doomed, List<TcpTuple> farewells,
                        List<TcpTuple> pending, long micros) {
    public FixReport {
        survivors = List.copyOf(survivors);
        doomed = List.copyOf(doomed);
        farewells = List.copyOf(farewells);
        pending = List.copyOf(pending);
    }

    /**
     * A connection that goes on.
     *
     * @param delta the image's numbering of the server's side minus the client's
     * @param acknowledgedToClone the highest acknowledgement the image was given, in its numbering
     * @param unacknowledgedBytes what the client has still to acknowledge
     * @param timestampRaisedBy how far the clock of its timestamps was put forward; 0 where it was left alone
     */
    public record Survivor(TcpTuple tuple, int delta, int acknowledgedToClone, int unacknowledgedBytes,
                           int timestampRaisedBy) {
    }

    /** A connection that cannot be carried on exactly and is closed on purpose. */
    public record Doomed(TcpTuple tuple, Reason reason) {
    }

    /** Why a connection is closed on purpose. */
    public enum Reason {
        /** The clone did not send what the client has acknowledged (I6). */
        DIVERGED,
        /** The clone's stack did not take in all that the client has sent and may count as delivered. */
        UNDELIVERED,
        /** The clone reset the connection. */
        RESET_BY_CLONE,
        /** An earlier takeover closed it on purpose, and the image still has it. */
        CLOSED_BEFORE,
        /** No packet in the journal explains the clone's socket. */
        UNKNOWN,
        /** The workload has not accepted it, so its timestamps cannot be put forward. */
        NOT_ACCEPTED,
        /** The workload has closed it, and what the client is owed is not all known. */
        CLOSING,
        /** The client holds it open, and neither the image nor the replay has it. */
        GONE
    }
}
