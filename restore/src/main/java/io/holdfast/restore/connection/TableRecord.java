package io.holdfast.restore.connection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.util.List;

/**
 * A {@link ConnectionTable} at one entry of the journal; immutable.
 *
 * @param lastIndex the last entry in it
 * @param lastEpochNanos when that entry was captured
 * @param strangers segments that belonged to no connection
 * @param evicted connections forgotten because the table was full
 */
public record TableRecord(long lastIndex, long lastEpochNanos, long strangers, long evicted,
                          List<ConnectionRecord> connections) {
    private static final ObjectReader READER = new ObjectMapper().readerFor(TableRecord.class);
    private static final ObjectWriter WRITER = new ObjectMapper().writerFor(TableRecord.class);

    public TableRecord {
        connections = List.copyOf(connections);
    }

    public String toJson() {
        try {
            return WRITER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a connection table has no JSON form", e);
        }
    }

    /** @throws IllegalArgumentException when the text is not what {@link #toJson} writes */
    public static TableRecord fromJson(String json) {
        try {
            return READER.readValue(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a connection table: " + e.getOriginalMessage(), e);
        }
    }
}
