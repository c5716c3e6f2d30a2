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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Makes the sockets of a clone fit for the outside after its replay, and says which connections go on; owned by one
 * thread, used once, while the loopback is engaged.
 */
public final class TakeoverFix implements AutoCloseable {
    /** How long the workload has to accept connections before they are given up. */
    private static final long ACCEPT_NANOS = 100_000_000;

    /** Of timeouts while the outside was shut: from 20 ms to 20 s. */
    private static final int MOST_DOUBLINGS = 10;
    /** How long to look for what a workload sent last before it closed a connection. */
    private static final long TAIL_NANOS = 20_000_000;

    private final SocketScan scan;
    private final ConntrackAdjust conntrack;
    private final Loopback loopback;
    private final int timestampMarginMs;
    private final List<FixReport.Survivor> survivors = new ArrayList<>();
    private final List<FixReport.Doomed> doomed = new ArrayList<>();
    private final List<TcpTuple> pending = new ArrayList<>();
    private final List<Closing> unaccepted = new ArrayList<>();
    private final List<Closing> closing = new ArrayList<>();
    private ConnectionTable table;
    private final Map<TcpTuple, Farewell> farewells = new LinkedHashMap<>();
    private final List<Connection> lost = new ArrayList<>();
    private boolean kicked;

    /** A socket that no process has, and what is known of it. */
    private record Closing(Connection known, ReplayReport.Outcome outcome) {
    }

    /**
     * @param timestampMarginMs how far beyond the time since the client's last echo timestamps are put: covers what
     *     clocks differ. Not generous: until the next measurement it looks like a round-trip time.
     */
    public TakeoverFix(SocketScan scan, ConntrackAdjust conntrack, Loopback loopback, int timestampMarginMs) {
        this.scan = scan;
        this.conntrack = conntrack;
        this.loopback = loopback;
        this.timestampMarginMs = timestampMarginMs;
    }

    /**
     * Installs sequence adjustments, puts timestamps forward, compares (I6), and tells the replayer's table what
     * survived, with which delta. To be called on a thread in the network
     * namespace of the clone.
     *
     * @param replayer which has replayed; it is asked again where the workload went on meanwhile
     * @param pids gives the processes of the workload as they are at the call
     * @param nowEpochNanos the time now by the clock of the node that captured the last entries
     */
    public FixReport fix(Replayer replayer, Supplier<Collection<Integer>> pids, long nowEpochNanos) {
        long begin = System.nanoTime();
        table = replayer.table();
        Map<TcpTuple, ReplayReport.Outcome> outcomes = outcomes(replayer);
        SocketOwners owners = SocketOwners.of(pids.get());
        Set<TcpTuple> present = new HashSet<>();
        for (TcpSocket socket : scan.connections(loopback.config().virtualAddress())) {
            present.add(socket.tuple());
            judge(socket, table.find(socket.tuple()), outcomes.get(socket.tuple()), owners, nowEpochNanos);
        }
        awaitAccepted(pids, nowEpochNanos);
        prepareFarewells(replayer, nowEpochNanos);
        table.forEach(known -> {
            if (known.state() == ConnectionState.OPEN && !present.contains(known.tuple())) {
                missing(known, outcomes.get(known.tuple()));
            }
        });
        return new FixReport(survivors, doomed, List.copyOf(farewells.keySet()), pending, (System.nanoTime() - begin) / 1000);
    }

    private static Map<TcpTuple, ReplayReport.Outcome> outcomes(Replayer replayer) {
        Map<TcpTuple, ReplayReport.Outcome> outcomes = new HashMap<>();
        replayer.report().connections().forEach(outcome -> outcomes.merge(outcome.tuple(), outcome, TakeoverFix::later));
        return outcomes;
    }

    /** The client holds a connection open that has no socket here. */
    private void missing(Connection known, ReplayReport.Outcome outcome) {
        boolean reset = outcome != null && outcome.resets() > 0;
        if (outcome == null || reset || !outcome.finished()) {
            lost.add(known);
            doomed.add(new FixReport.Doomed(known.tuple(),
                    reset ? FixReport.Reason.RESET_BY_CLONE : FixReport.Reason.GONE));
        }
    }

    /** Two incarnations of one tuple: the one begun later counts. */
    private static ReplayReport.Outcome later(ReplayReport.Outcome a, ReplayReport.Outcome b) {
        return a.synIndex() > b.synIndex() ? a : b;
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
        boolean quiet = state == SocketState.TIME_WAIT || state == SocketState.CLOSE
                || state == SocketState.FIN_WAIT2 && owners.owner(socket.inode()) == null;
        if (quiet) {
            quiet(known, outcome);
            return;
        }
        FixReport.Reason reason = reasonToClose(socket, known, outcome, owners);
        if (reason == FixReport.Reason.NOT_ACCEPTED) {
            unaccepted.add(new Closing(known, outcome));
        } else if (reason == FixReport.Reason.CLOSING) {
            closing.add(new Closing(known, outcome));
        } else if (reason != null) {
            doomed.add(new FixReport.Doomed(socket.tuple(), reason));
        } else {
            survive(socket, known, outcome, owners.owner(socket.inode()), nowEpochNanos);
        }
    }

    /** The workload has closed it and the client has everything, but may wait for its own FIN to be acknowledged. */
    private void quiet(Connection known, ReplayReport.Outcome outcome) {
        if (known != null && known.hasTimestamps() && outcome != null && outcome.farewell() != null) {
            closing.add(new Closing(known, outcome));
        }
    }

    private void survive(TcpSocket socket, Connection known, ReplayReport.Outcome outcome, SocketOwners.Owner owner,
                         long nowEpochNanos) {
        int raisedBy = known.hasTimestamps()
                ? TimestampRaise.raise(owner, known.lastTsecr(), elapsedMs(known, nowEpochNanos)) : 0;
        table.survived(socket.tuple(), outcome.delta());
        survivors.add(new FixReport.Survivor(socket.tuple(), outcome.delta(), outcome.acknowledgedToClone(),
                socket.sendQueueBytes(), raisedBy));
    }

    private long elapsedMs(Connection known, long nowEpochNanos) {
        return Math.max(0, (nowEpochNanos - known.lastTsecrEpochNanos()) / 1_000_000) + timestampMarginMs;
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

    /** Takes the place of sockets the workload has closed before the client had everything. */
    private void prepareFarewells(Replayer replayer, long nowEpochNanos) {
        long begin = System.nanoTime();
        while (!closing.isEmpty() && System.nanoTime() - begin < TAIL_NANOS) {
            Map<TcpTuple, ReplayReport.Outcome> now = outcomes(replayer);
            closing.removeIf(each -> {
                ReplayReport.Outcome outcome = now.get(each.known.tuple());
                return outcome != null && outcome.farewell() != null && replace(each.known, outcome.farewell(), nowEpochNanos);
            });
        }
        closing.forEach(each -> doomed.add(new FixReport.Doomed(each.known.tuple(), FixReport.Reason.CLOSING)));
    }

    /** Returns false where the kernel does not part with a socket no process has (before Linux 6.11). */
    private boolean replace(Connection known, Farewell.Plan plan, long nowEpochNanos) {
        scan.destroy(known.tuple());
        if (scan.find(known.tuple()) != null) {
            return false;
        }
        conntrack.remove(known.tuple()); // the new socket counts as the client does
        int timestamp = known.lastTsecr() + (int) elapsedMs(known, nowEpochNanos);
        farewells.put(known.tuple(), new Farewell(known.tuple(), plan, timestamp));
        return true;
    }

    private FixReport.Reason reasonToClose(TcpSocket socket, Connection known, ReplayReport.Outcome outcome,
                                           SocketOwners owners) {
        if (known == null || outcome == null || !outcome.established()) {
            return FixReport.Reason.UNKNOWN;
        }
        if (outcome.diverged()) {
            return FixReport.Reason.DIVERGED;
        }
        if (socket.info() != null && socket.info().bytesReceived() < outcome.given()) {
            return FixReport.Reason.UNDELIVERED;
        }
        if (known.state() == ConnectionState.CLOSED) {
            return FixReport.Reason.CLOSED_BEFORE;
        }
        if (known.hasTimestamps() && owners.owner(socket.inode()) == null) {
            boolean isClosing = switch (socket.state()) {
                case FIN_WAIT1, CLOSING, LAST_ACK -> true;
                default -> false;
            };
            return isClosing ? FixReport.Reason.CLOSING : FixReport.Reason.NOT_ACCEPTED;
        }
        return null;
    }

    /**
     * Has answers leave that wait for the end of their timeout; as soon as the loopback is released and the outside is
     * open. {@link #finish} does it otherwise.
     */
    public void kick() {
        if (!kicked) {
            Kick kick = new Kick(loopback);
            survivors.forEach(each -> kick.kick(each.tuple(), each.acknowledgedToClone(), MOST_DOUBLINGS));
            kicked = true;
        }
    }

    /**
     * What only the open outside lets happen, to be called once the loopback is released: answers that wait leave, and
     * so do the last bytes of closed connections; what cannot go on is closed, which tells the client. Returns how many
     * connections were closed on purpose.
     */
    public int finish() {
        kick();
        farewells.values().forEach(Farewell::speak);
        ResetPrompt prompt = new ResetPrompt(loopback);
        lost.forEach(prompt::prompt);
        int closed = lost.size();
        for (FixReport.Doomed each : doomed) {
            closed += scan.destroy(each.tuple()) ? 1 : 0;
        }
        return closed;
    }

    /** Gives up what {@link #finish} would have done. */
    @Override
    public void close() {
        farewells.values().forEach(Farewell::close);
    }
}
