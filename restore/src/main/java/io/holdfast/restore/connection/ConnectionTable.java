package io.holdfast.restore.connection;

import io.holdfast.capture.TcpView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * What the committed packets, taken in index order, tell about every TCP connection; owned by the thread that applies
 * committed entries.
 *
 * <p>A pure function of the entries: every node that applies the same ones holds the same table (the deltas excepted,
 * which belong to the process image of one node). A packet of a known connection allocates nothing. The table is
 * bounded: when it is full, what is over goes first, then handshakes that never went on, then what was silent longest.
 */
public final class ConnectionTable {
    /** Makes room for this part of the capacity at once, so that a flood does not sort the table for every SYN. */
    private static final int EVICTED_SHARE = 16;

    private final int capacity;
    private final TupleMap<Connection> connections = new TupleMap<>();
    private long lastIndex;
    private long lastEpochNanos;
    private long strangers;
    private long evicted;

    public ConnectionTable(int capacity) {
        if (capacity < EVICTED_SHARE) {
            throw new IllegalArgumentException("a table needs room for " + EVICTED_SHARE + " connections, not " + capacity);
        }
        this.capacity = capacity;
    }

    /** The table a record was made of. */
    public static ConnectionTable of(TableRecord record, int capacity) {
        ConnectionTable table = new ConnectionTable(Math.max(capacity, record.connections().size()));
        for (ConnectionRecord each : record.connections()) {
            table.connections.put(each.tuple(), each.toConnection());
        }
        table.lastIndex = record.lastIndex();
        table.lastEpochNanos = record.lastEpochNanos();
        table.strangers = record.strangers();
        table.evicted = record.evicted();
        return table;
    }

    /** Applies the committed packet at {@code index}; the caller has found it to be TCP. */
    public void apply(long index, long epochNanos, TcpView segment) {
        if (index <= lastIndex) {
            throw new IllegalArgumentException("entry " + index + " after entry " + lastIndex);
        }
        lastIndex = index;
        lastEpochNanos = epochNanos;
        long client = TcpTuple.endpoint(segment.packet().source(), segment.sourcePort());
        long server = TcpTuple.endpoint(segment.packet().destination(), segment.destinationPort());
        Connection connection = connections.get(client, server);
        if ((segment.flags() & (TcpView.SYN | TcpView.ACK)) == TcpView.SYN) {
            connection = onSyn(index, segment, connection, client, server);
        } else if (connection == null || !onSegment(index, epochNanos, segment, connection)) {
            strangers++;
            return;
        }
        connection.lastIndex = index;
        connection.packetsIn++;
    }

    private Connection onSyn(long index, TcpView segment, Connection known, long client, long server) {
        if (known != null) {
            known.onSyn(index, segment.sequence());
            return known;
        }
        if (connections.size() >= capacity) {
            evict();
        }
        Connection connection = new Connection(TcpTuple.ofEndpoints(client, server));
        connection.begin(index, segment.sequence());
        connections.put(client, server, connection);
        return connection;
    }

    private static boolean onSegment(long index, long epochNanos, TcpView segment, Connection connection) {
        if (segment.has(TcpView.RST)) {
            connection.onReset(segment.sequence());
            return true;
        }
        return segment.has(TcpView.ACK) && connection.onSegment(index, epochNanos, segment);
    }

    private void evict() {
        int target = capacity - Math.max(1, capacity / EVICTED_SHARE);
        int removed = connections.removeIf(connection -> connection.state.isOver());
        if (connections.size() > target) {
            List<Connection> byWorth = new ArrayList<>(connections.size());
            connections.forEach(byWorth::add);
            byWorth.sort(Comparator.comparing((Connection c) -> c.state != ConnectionState.SYN_SEEN)
                    .thenComparing(c -> c.lastIndex));
            for (Connection connection : byWorth.subList(0, connections.size() - target)) {
                connections.remove(connection.tuple.client(), connection.tuple.server());
                removed++;
            }
        }
        evicted += removed;
    }

    /** The entry that says that a connection is over was committed. */
    public void closed(TcpTuple tuple) {
        Connection connection = connections.get(tuple);
        if (connection != null) {
            connection.state = ConnectionState.CLOSED;
        }
    }

    /** A takeover carried the connection; {@code delta} holds for the image that carries it now. */
    public void survived(TcpTuple tuple, int delta) {
        Connection connection = connections.get(tuple);
        if (connection != null) {
            connection.delta = delta;
            connection.takeoversSurvived++;
        }
    }

    /** The connection, or null. */
    public Connection find(TcpTuple tuple) {
        return connections.get(tuple);
    }

    public void forEach(Consumer<Connection> action) {
        connections.forEach(action);
    }

    public int size() {
        return connections.size();
    }

    /** The last packet applied. */
    public long lastIndex() {
        return lastIndex;
    }

    /** When the last packet applied was captured, by the clock of the node that captured it. */
    public long lastEpochNanos() {
        return lastEpochNanos;
    }

    /** How many segments belonged to no connection, or to none they could belong to. */
    public long strangers() {
        return strangers;
    }

    public long evicted() {
        return evicted;
    }

    /** The table as it stands, in the order of the connections' SYNs. */
    public TableRecord toRecord() {
        List<ConnectionRecord> records = new ArrayList<>(connections.size());
        connections.forEach(connection -> records.add(ConnectionRecord.of(connection)));
        records.sort(Comparator.comparingLong(ConnectionRecord::synIndex).thenComparing(c -> c.tuple().toString()));
        return new TableRecord(lastIndex, lastEpochNanos, strangers, evicted, records);
    }
}
