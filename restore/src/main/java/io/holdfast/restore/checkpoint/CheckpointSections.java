package io.holdfast.restore.checkpoint;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.TableRecord;
import java.util.List;
import java.util.Map;

/**
 * What stands in a manifest beside its files, for whoever replays from the checkpoint; immutable.
 *
 * @param connections the connection table at the mark, with the deltas of the image
 * @param inFlight    connections at the mark that no process had accepted
 * @param place       where the workload lived
 */
public record CheckpointSections(TableRecord connections, List<InFlightConnection> inFlight, Place place) {
    private static final String CONNECTIONS = "connections";
    private static final String IN_FLIGHT = "inFlight";
    private static final String PLACE = "place";
    private static final ObjectMapper JSON = new ObjectMapper();

    public CheckpointSections {
        inFlight = List.copyOf(inFlight);
    }

    /**
     * What a machine must look like for the image to be restored on it.
     *
     * @param virtualAddress   dotted, that clients talk to
     * @param mtuBytes         of the outside interface
     * @param command          of the workload; informative
     * @param workingDirectory absolute
     * @param dataDirectories  absolute, in the order in which they were copied
     */
    public record Place(String virtualAddress, int mtuBytes, List<String> command, String workingDirectory,
                        List<String> dataDirectories) {
        public Place {
            command = List.copyOf(command);
            dataDirectories = List.copyOf(dataDirectories);
        }
    }

    /** As they are written into a manifest. */
    public Map<String, JsonNode> toJson() {
        return Map.of(CONNECTIONS, JSON.valueToTree(connections), IN_FLIGHT, JSON.valueToTree(inFlight),
            PLACE, JSON.valueToTree(place));
    }

    /** @throws CheckpointDamagedException when one is missing or no such section */
    public static CheckpointSections of(Manifest manifest) {
        Map<String, JsonNode> extra = manifest.extra();
        for (String name : List.of(CONNECTIONS, IN_FLIGHT, PLACE)) {
            if (!extra.containsKey(name)) {
                throw new CheckpointDamagedException("checkpoint " + manifest.markIndex() + " has no section '" + name + "'");
            }
        }
        try {
            return new CheckpointSections(TableRecord.fromJson(extra.get(CONNECTIONS).toString()),
                JSON.convertValue(extra.get(IN_FLIGHT), new TypeReference<>() { }),
                JSON.convertValue(extra.get(PLACE), Place.class));
        } catch (IllegalArgumentException | NullPointerException e) {
            throw new CheckpointDamagedException("checkpoint " + manifest.markIndex() + ": " + e.getMessage(), e);
        }
    }
}
