package io.holdfast.node.service;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.restore.connection.TableRecord;

import java.io.IOException;

/**
 * What stands for all entries up to a mark: the state they built on every node. The image of the mark's checkpoint is not in
 * it; the entry behind the mark that declares it ready names its manifest and its holders. Immutable.
 *
 * @param history     what entries said about checkpoints and takeovers
 * @param connections the connection table at the mark
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record ServiceSnapshot(ServiceHistory.Record history, TableRecord connections) {
    private static final ObjectMapper JSON = new ObjectMapper();

    byte[] toBytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a snapshot has no JSON form", e);
        }
    }

    /** The snapshot's checksum has passed: a failure is a broken invariant. */
    static ServiceSnapshot of(byte[] bytes) {
        try {
            return JSON.readValue(bytes, ServiceSnapshot.class);
        } catch (IOException e) {
            throw new IllegalStateException("a snapshot of " + bytes.length + " bytes cannot be read: " + e.getMessage(), e);
        }
    }
}
