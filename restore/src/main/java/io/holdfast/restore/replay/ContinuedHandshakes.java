package io.holdfast.restore.replay;

import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Finishes the handshakes that clients went on with after a takeover: puts the timestamps of their sockets forward as
 * soon as the workload has accepted them. Heard of on any thread, finished by one.
 */
public final class ContinuedHandshakes implements HandshakeListener {
    private final SocketScan scan;
    private final int timestampMarginMs;
    private final Queue<Continued> heard = new ConcurrentLinkedQueue<>();
    private final List<Continued> waiting = new ArrayList<>();

    private record Continued(TcpTuple tuple, int delta, boolean hasTimestamps, int echo, long sinceNanos) {
    }

    public ContinuedHandshakes(SocketScan scan, int timestampMarginMs) {
        this.scan = scan;
        this.timestampMarginMs = timestampMarginMs;
    }

    @Override
    public void onContinued(TcpTuple tuple, int delta, boolean hasTimestamps, int echo) {
        heard.add(new Continued(tuple, delta, hasTimestamps, echo, System.nanoTime()));
    }

    /** Whether there is something to finish. */
    public boolean isEmpty() {
        return heard.isEmpty() && waiting.isEmpty();
    }

    /**
     * Finishes what can be finished; to be called again every few milliseconds until {@link #isEmpty}.
     *
     * @param table told of the deltas; may not have applied the client's acknowledgement yet, then it is told later
     */
    public void finish(Collection<Integer> pids, ConnectionTable table) {
        for (Continued each = heard.poll(); each != null; each = heard.poll()) {
            waiting.add(each);
        }
        if (!waiting.isEmpty()) {
            SocketOwners owners = SocketOwners.of(pids);
            waiting.removeIf(each -> isFinished(each, owners, table));
        }
    }

    private boolean isFinished(Continued each, SocketOwners owners, ConnectionTable table) {
        TcpSocket socket = scan.find(each.tuple);
        if (socket == null) {
            return true; // the client thought better of it
        }
        SocketOwners.Owner owner = owners.owner(socket.inode());
        var known = table.find(each.tuple);
        if (owner == null || known == null || known.isHandshakePending()) {
            return false;
        }
        if (each.hasTimestamps) {
            long elapsedMs = (System.nanoTime() - each.sinceNanos) / 1_000_000 + timestampMarginMs;
            TimestampRaise.raise(owner, each.echo, elapsedMs);
        }
        table.survived(each.tuple, each.delta);
        return true;
    }
}
