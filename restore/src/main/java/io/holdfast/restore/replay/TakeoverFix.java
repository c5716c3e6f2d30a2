package io.holdfast.restore.replay;

import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.ConnectionState;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SequenceNumber;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketRepair;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes the sockets of a clone fit for the outside after its replay, and says which connections go on; owned by one
 * thread, used once, while the loopback is engaged.
 */
public final class TakeoverFix {
    /** Of timestamps: a lag that a client does not see as going backwards is left alone up to here. */
    private static final int AHEAD_ENOUGH = 1 << 20;
    private static final long MICROS_PER_MS = 1000;

    private final SocketScan scan;
    private final ConntrackAdjust conntrack;
    private final int timestampMarginMs;
    private final List<FixReport.Survivor> survivors = new ArrayList<>();
    private final List<FixReport.Doomed> doomed = new ArrayList<>();
    private final List<TcpTuple> pending = new ArrayList<>();

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
     * @param pids the processes of the workload
     * @param nowEpochNanos the time now by the clock of the node that captured the last entries
     */
    public FixReport fix(ConnectionTable table, ReplayReport replay, int virtualAddress, Collection<Integer> pids,
                         long nowEpochNanos) {
        long begin = System.nanoTime();
        Map<TcpTuple, ReplayReport.Outcome> outcomes = new HashMap<>();
        replay.connections().forEach(outcome -> outcomes.merge(outcome.tuple(), outcome, TakeoverFix::later));
        SocketOwners owners = SocketOwners.of(pids);
        Set<TcpTuple> present = new HashSet<>();
        for (TcpSocket socket : scan.connections(virtualAddress)) {
            present.add(socket.tuple());
            judge(socket, table.find(socket.tuple()), outcomes.get(socket.tuple()), owners, nowEpochNanos);
        }
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
        switch (socket.state()) {
            case TIME_WAIT, CLOSE, FIN_WAIT2, LISTEN -> {
                return; // nothing of the server's side is left to send
            }
            case SYN_RECV, NEW_SYN_RECV, SYN_SENT -> {
                pending.add(socket.tuple());
                return;
            }
            default -> { }
        }
        if (outcome != null && outcome.delta() != 0) {
            conntrack.install(socket.tuple(), outcome.delta());
        }
        FixReport.Reason reason = reasonToClose(socket, known, outcome, owners);
        if (reason != null) {
            doomed.add(new FixReport.Doomed(socket.tuple(), reason));
            return;
        }
        int raisedBy = known.hasTimestamps() ? raise(known, owners.owner(socket.inode()), nowEpochNanos) : 0;
        survivors.add(new FixReport.Survivor(socket.tuple(), outcome.delta(), outcome.acknowledgedToClone(),
                socket.sendQueueBytes(), raisedBy));
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

    /** Puts the clock of a socket's timestamps past what the client can have seen (RFC 7323 section 5: PAWS). */
    private int raise(Connection known, SocketOwners.Owner owner, long nowEpochNanos) {
        try (SocketRepair socket = SocketRepair.borrow(owner.pid(), owner.fd())) {
            if (socket == null) {
                return 0; // the workload closed it this moment
            }
            int now = socket.timestamp();
            long elapsedMs = Math.max(0, (nowEpochNanos - known.lastTsecrEpochNanos()) / 1_000_000) + timestampMarginMs;
            boolean countsMicros = (now & 1) != 0;
            int wanted = known.lastTsecr() + (int) (countsMicros ? elapsedMs * MICROS_PER_MS : elapsedMs);
            if (SequenceNumber.isWithin(now, wanted, AHEAD_ENOUGH)) {
                return 0;
            }
            socket.timestamp(wanted);
            return wanted - now;
        }
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
