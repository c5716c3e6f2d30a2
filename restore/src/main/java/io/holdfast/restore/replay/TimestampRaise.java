package io.holdfast.restore.replay;

import io.holdfast.restore.connection.SequenceNumber;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketRepair;

/**
 * Puts the clock of a socket's timestamps past what its client can have seen, or the client drops all that comes
 * (RFC 7323 section 5, PAWS); stateless.
 */
final class TimestampRaise {
    /** A clock this little ahead of what is wanted is left alone. */
    private static final int AHEAD_ENOUGH = 1 << 20;
    private static final long MICROS_PER_MS = 1000;

    private TimestampRaise() {
    }

    /**
     * @param echo the latest timestamp of the server that the client is known to have seen
     * @param elapsedMs how long the clock has run since
     * @return by how much it was changed; 0 also when the workload has closed the socket
     */
    static int raise(SocketOwners.Owner owner, int echo, long elapsedMs) {
        try (SocketRepair socket = SocketRepair.borrow(owner.pid(), owner.fd())) {
            if (socket == null) {
                return 0;
            }
            int now = socket.timestamp();
            boolean countsMicros = (now & 1) != 0;
            int wanted = echo + (int) (countsMicros ? elapsedMs * MICROS_PER_MS : elapsedMs);
            if (SequenceNumber.isWithin(now, wanted, AHEAD_ENOUGH)) {
                return 0;
            }
            socket.timestamp(wanted);
            return wanted - now;
        }
    }
}
