package io.holdfast.restore.connection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The connections at a mark, as the checkpoint's manifest carries them; immutable.
 *
 * @param table those that had a socket, with the deltas of the image, and handshakes that had none yet
 * @param inFlight those among them that no image holds
 */
public record ImageConnections(TableRecord table, List<InFlightConnection> inFlight) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public ImageConnections {
        inFlight = List.copyOf(inFlight);
    }

    /** Nothing: what a fresh workload starts with. */
    public static ImageConnections none() {
        return new ImageConnections(new TableRecord(0, 0, 0, 0, List.of()), List.of());
    }

    /**
     * Takes them down on the primary, with the gate closed and all that was released applied to the table.
     *
     * @param sockets of the virtual address, asked for now
     */
    public static ImageConnections at(ConnectionTable table, List<TcpSocket> sockets) {
        Set<TcpTuple> present = new HashSet<>();
        sockets.forEach(socket -> present.add(socket.tuple()));
        TableRecord whole = table.toRecord();
        List<ConnectionRecord> kept = whole.connections().stream()
                .filter(each -> present.contains(each.tuple()) || each.isHandshakePending()).toList();
        TableRecord pruned = new TableRecord(whole.lastIndex(), whole.lastEpochNanos(), whole.strangers(),
                whole.evicted(), kept);
        return new ImageConnections(pruned, InFlightConnection.among(sockets, table));
    }

    public JsonNode toJson() {
        return JSON.valueToTree(this);
    }

    /** @throws IllegalArgumentException when it is not what {@link #toJson} gives */
    public static ImageConnections fromJson(JsonNode json) {
        try {
            return JSON.treeToValue(json, ImageConnections.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not the connections of an image: " + e.getOriginalMessage(), e);
        }
    }
}
