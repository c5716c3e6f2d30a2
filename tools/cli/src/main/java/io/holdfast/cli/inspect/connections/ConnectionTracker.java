package io.holdfast.cli.inspect.connections;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.restore.connection.TcpTuple;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Owned by the thread that reads: follows the connections of a journal, entry by entry from the oldest on.
 *
 * <p>A SYN with another initial number on the endpoints of a connection that lives may be a forgery, to which the kernel
 * answers with a challenge (RFC 5961, 4): it is a new connection once a segment goes on from it.
 */
public final class ConnectionTracker {
    /** More are counted and not kept. */
    static final int MAX_CONNECTIONS = 1_000_000;
    private static final int MAX_WAITING_SEGMENTS = 200_000;
    private static final long MAX_WAITING_BYTES = 256L << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Chooses the connection whose bytes are wanted. */
    interface Wanted {
        /** Where the bytes of this one go; null when they are not wanted. */
        InboundStream.Sink sink(ConnectionKey key, int ordinal);
    }

    private final Wanted wanted;
    private final WaitingRoom room = new WaitingRoom(MAX_WAITING_SEGMENTS, MAX_WAITING_BYTES);
    private final List<TrackedConnection> all = new ArrayList<>();
    private final Map<ConnectionKey, TrackedConnection> current = new HashMap<>();
    private final Map<ConnectionKey, Integer> ordinals = new HashMap<>();
    private final Map<ConnectionKey, Integer> doubtful = new HashMap<>();
    private long notKept;
    private int takeovers;

    public ConnectionTracker() {
        this((key, ordinal) -> null);
    }

    ConnectionTracker(Wanted wanted) {
        this.wanted = wanted;
    }

    /** In the order they were met. */
    public List<TrackedConnection> connections() {
        return all;
    }

    /** How many were met beyond those kept. */
    public long notKept() {
        return notKept;
    }

    /** Takes an entry that {@code packet} views already. */
    public void add(JournalEntry entry, PacketView packet) {
        if (packet.hasPorts()) {
            packet(entry, packet);
        } else if (!entry.internal() && entry.kind() == EntryKind.TAKEOVER_STEP) {
            takeover(entry);
        } else if (!entry.internal() && entry.kind() == EntryKind.CONNECTION_CLOSED) {
            closed(entry);
        }
    }

    private void packet(JournalEntry entry, PacketView packet) {
        ConnectionKey key = ConnectionKey.of(packet);
        TrackedConnection known = current.get(key);
        if (known == null || packet.kind() == PacketView.Kind.TCP && opensAnother(key, known, packet.tcp)) {
            if (known == null && packet.kind() == PacketView.Kind.TCP && packet.tcp.has(TcpView.RST)) {
                return; // of a connection that is not there
            }
            known = open(key, entry, packet);
        }
        if (known != null) {
            known.add(entry, packet);
        }
    }

    private boolean opensAnother(ConnectionKey key, TrackedConnection known, TcpView tcp) {
        if (tcp.has(TcpView.SYN) && !tcp.has(TcpView.ACK)) {
            if (known.isOpenedBy(tcp)) {
                return false;
            }
            if (known.state() != TrackedConnection.State.OPEN) {
                return true;
            }
            if (doubtful.size() < MAX_CONNECTIONS) {
                doubtful.put(key, tcp.sequence() + 1);
            }
            return false;
        }
        Integer next = doubtful.isEmpty() ? null : doubtful.get(key);
        return next != null && tcp.sequence() == next && known.stream().offsetOf(next) != known.receivedBytes();
    }

    private TrackedConnection open(ConnectionKey key, JournalEntry entry, PacketView packet) {
        doubtful.remove(key);
        if (all.size() == MAX_CONNECTIONS) {
            notKept++;
            return null;
        }
        int ordinal = ordinals.merge(key, 1, Integer::sum);
        TrackedConnection opened = new TrackedConnection(key, ordinal, entry, packet, room, wanted.sink(key, ordinal), takeovers);
        all.add(opened);
        current.put(key, opened);
        return opened;
    }

    private void takeover(JournalEntry entry) {
        JsonNode body = body(entry);
        if (body.path("step").asText().equals("LIVE")) {
            takeovers++;
            current.values().forEach(each -> each.tookOver(takeovers));
        }
    }

    private void closed(JournalEntry entry) {
        JsonNode body = body(entry);
        try {
            TcpTuple tuple = TcpTuple.parse(body.path("connection").asText());
            TrackedConnection known = current.get(new ConnectionKey(tuple.client(), tuple.server(), Ipv4Packet.PROTOCOL_TCP));
            if (known != null) {
                known.giveUp(body.path("reason").asText());
            }
        } catch (IllegalArgumentException e) {
            // Names no connection: 'verify' tells of bodies that are not what they should be.
        }
    }

    private static JsonNode body(JournalEntry entry) {
        try {
            return JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
        } catch (IOException e) {
            return JSON.nullNode(); // as above
        }
    }
}
