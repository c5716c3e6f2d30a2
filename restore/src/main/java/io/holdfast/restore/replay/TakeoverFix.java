package io.holdfast.restore.replay;

import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.ConnectionState;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.SocketState;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Makes the sockets of a clone fit for the outside after its replay, and says which connections go on; owned by one
 * thread, used once, while the loopback is engaged.
 */
public final class TakeoverFix {
    /** How long the workload has to accept connections before they are given up. */
    private static final long ACCEPT_NANOS = 100_000_000;

    private final SocketScan scan;
    private final ConntrackAdjust conntrack;
    private final int timestampMarginMs;
    private final List<FixReport.Survivor> survivors = new ArrayList<>();
    private final List<FixReport.Doomed> doomed = new ArrayList<>();
    private final List<TcpTuple> pending = new ArrayList<>();
    private final List<Unaccepted> unaccepted = new ArrayList<>();

    private record Unaccepted(Connection known, ReplayReport.Outcome outcome) {
    }

    /**
     * @param timestampMarginMs how far beyond the time since the client's last echo timestamps are put: covers what
     *     clocks differ. Not generous: until the next measurement it looks like a round-trip time.
     */
    public TakeoverFix(SocketScan scan, ConntrackAdjust conntrack, int timestampMarginMs) {
        this.scan = scan;
        this.conntrack = conntrack;
        this.timestampMarginMs = timestampMarginMs;
    }

    /**
     * Installs sequence adjustments, puts timestamps forward, compares (I6).
     *
     * @param table with everything that was replayed applied
     * @param replay what the replay reported
     * @param virtualAddress the address clients talk to
     * @param pids gives the processes of the workload as they are at the call
     * @param nowEpochNanos the time now by the clock of the node that captured the last entries
     */
    public FixReport fix(ConnectionTable table, ReplayReport replay, int virtualAddress, Supplier<Collection<Integer>> pids,
                         long nowEpochNanos) {
        long begin = System.nanoTime();
        Map<TcpTuple, ReplayReport.Outcome> outcomes = new HashMap<>();
        replay.connections().forEach(outcome -> outcomes.merge(outcome.tuple(), outcome, TakeoverFix::later));
        SocketOwners owners = SocketOwners.of(pids.get());
        Set<TcpTuple> present = new HashSet<>();
        for (TcpSocket socket : scan.connections(virtualAddress)) {
            present.add(socket.tuple());
            judge(socket, table.find(socket.tuple()), outcomes.get(socket.tuple()), owners, nowEpochNanos);
        }
        awaitAccepted(pids, nowEpochNanos);
        for (ReplayReport.Outcome outcome : outcomes.values()) {
            if (!present.contains(outcome.tuple()) && outcome.resets() > 0 && isOpen(table.find(outcome.tuple()))) {
                doomed.add(new FixReport.Doomed(outcome.tuple(), FixReport.Reason.RESET_BY_CLONE));
            }
        }
        return new FixReport(survivors, doomed, pending, (System.nanoTime() - begin) / 1000);
    }

    /** Two incarnations of one tuple: the one begun later counts. */
    private static ReplayReport.Outcome later(ReplayReport.Outcome a, ReplayReport.Outcome b) {
        return a.synIndex() > b.synIndex() ? a : b;
    }

    private static boolean isOpen(Connection known) {
        return known != null && !known.state().isOver();
    }

    private void judge(TcpSocket socket, Connection known, ReplayReport.Outcome outcome, SocketOwners owners,
                       long nowEpochNanos) {
        if (outcome != null && outcome.delta() != 0) {
            conntrack.install(socket.tuple(), outcome.delta()); // what is closing too: its acknowledgements still come
        }
        SocketState state = socket.state();
        if (state == SocketState.SYN_RECV || state == SocketState.NEW_SYN_RECV) {
            pending.add(socket.tuple());
            return;
        }
        boolean quiet = state == SocketState.FIN_WAIT2 && owners.owner(socket.inode()) == null;
        if (quiet || state == SocketState.TIME_WAIT || state == SocketState.CLOSE) {
            return; // the workload has closed it and the client has everything
        }
        FixReport.Reason reason = reasonToClose(socket, known, outcome, owners);
        if (reason == FixReport.Reason.NOT_ACCEPTED) {
            unaccepted.add(new Unaccepted(known, outcome));
        } else if (reason != null) {
            doomed.add(new FixReport.Doomed(socket.tuple(), reason));
        } else {
            survive(socket, known, outcome, owners.owner(socket.inode()), nowEpochNanos);
        }
    }

    private void survive(TcpSocket socket, Connection known, ReplayReport.Outcome outcome, SocketOwners.Owner owner,
                         long nowEpochNanos) {
        long elapsedMs = Math.max(0, (nowEpochNanos - known.lastTsecrEpochNanos()) / 1_000_000) + timestampMarginMs;
        int raisedBy = known.hasTimestamps() ? TimestampRaise.raise(owner, known.lastTsecr(), elapsedMs) : 0;
        survivors.add(new FixReport.Survivor(socket.tuple(), outcome.delta(), outcome.acknowledgedToClone(),
                socket.sendQueueBytes(), raisedBy));
    }

    /** The workload may be about to accept what was replayed last. */
    private void awaitAccepted(Supplier<Collection<Integer>> pids, long nowEpochNanos) {
        long begin = System.nanoTime();
        while (!unaccepted.isEmpty() && System.nanoTime() - begin < ACCEPT_NANOS) {
            SocketOwners owners = SocketOwners.of(pids.get());
            unaccepted.removeIf(each -> {
                TcpSocket socket = scan.find(each.known.tuple());
                SocketOwners.Owner owner = socket == null ? null : owners.owner(socket.inode());
                if (owner != null) {
                    survive(socket, each.known, each.outcome, owner, nowEpochNanos);
                }
                return socket == null || owner != null;
            });
        }
        unaccepted.forEach(each -> doomed.add(
                new FixReport.Doomed(each.known.tuple(), FixReport.Reason.NOT_ACCEPTED)));
    }

    private FixReport.Reason reasonToClose(TcpSocket socket, Connection known, ReplayReport.Outcome outcome,
                                           SocketOwners owners) {
        if (known == null || outcome == null || !outcome.established()) {
            return FixReport.Reason.UNKNOWN;
        }
        if (outcome.diverged()) {
            return FixReport.Reason.DIVERGED;
        }
        if (known.state() == ConnectionState.CLOSED) {
            return FixReport.Reason.CLOSED_BEFORE;
        }
        if (known.hasTimestamps() && owners.owner(socket.inode()) == null) {
            boolean closing = switch (socket.state()) {
                case FIN_WAIT1, CLOSING, LAST_ACK -> true;
                default -> false;
            };
            return closing ? FixReport.Reason.CLOSING : FixReport.Reason.NOT_ACCEPTED;
        }
        return null;
    }

    /** Closes what cannot go on, which tells the client; to be called once the outside is open. Returns how many. */
    public int closeDoomed(FixReport report) {
        int closed = 0;
        for (FixReport.Doomed each : report.doomed()) {
            closed += scan.destroy(each.tuple()) ? 1 : 0;
        }
        return closed;
    }
}
