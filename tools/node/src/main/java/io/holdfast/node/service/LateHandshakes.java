package io.holdfast.node.service;

import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketRepair;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.replay.HandshakeListener;
import io.holdfast.restore.workload.Workload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * Handshakes that an older primary began and whose client went on only after the takeover. Told by the capture thread;
 * {@link #settle} belongs to the service's thread: once the workload has accepted such a connection, its timestamps are
 * put past what the client has seen of the older primary's (RFC 7323, section 5).
 */
final class LateHandshakes implements HandshakeListener {
    private static final Logger LOG = LoggerFactory.getLogger(LateHandshakes.class);
    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Queue<Continued> waiting = new ConcurrentLinkedQueue<>();

    private record Continued(TcpTuple tuple, int delta, boolean hasTimestamps, int echo, long nanos) {
    }

    @Override
    public void onContinued(TcpTuple tuple, int delta, boolean hasTimestamps, int echo) {
        waiting.add(new Continued(tuple, delta, hasTimestamps, echo, System.nanoTime()));
    }

    /** Puts forward what can be by now; to be called until nothing waits. */
    void settle(Workload workload, SocketScan sockets, ServiceReplica replica, int timestampMarginMs) {
        if (waiting.isEmpty()) {
            return;
        }
        SocketOwners owners = SocketOwners.of(workload.processes().stream().map(Long::intValue).toList());
        for (Continued each : List.copyOf(waiting)) {
            TcpSocket socket = sockets.find(each.tuple());
            SocketOwners.Owner owner = socket == null ? null : owners.owner(socket.inode());
            boolean tooLate = System.nanoTime() - each.nanos() > GIVE_UP_NANOS;
            if (owner != null || tooLate) {
                waiting.remove(each);
            }
            if (owner != null) {
                replica.survived(each.tuple(), each.delta());
                putForward(each, owner, timestampMarginMs);
            } else if (tooLate) {
                LOG.warn("{} went on with its handshake, but the workload did not accept it within 5 s", each.tuple());
            }
        }
    }

    private static void putForward(Continued each, SocketOwners.Owner owner, int timestampMarginMs) {
        if (!each.hasTimestamps()) {
            return;
        }
        try (SocketRepair socket = SocketRepair.borrow(owner.pid(), owner.fd())) {
            if (socket != null) {
                int passedMs = (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - each.nanos());
                socket.timestamp(each.echo() + passedMs + timestampMarginMs);
            }
        }
    }

    /** Forgets everything: this node is no longer primary. */
    void clear() {
        waiting.clear();
    }
}
