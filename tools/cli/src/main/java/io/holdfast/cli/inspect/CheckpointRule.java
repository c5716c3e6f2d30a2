package io.holdfast.cli.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.Violation;
import io.holdfast.restore.checkpoint.CheckpointDamagedException;
import io.holdfast.restore.checkpoint.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Owned by the thread that verifies: the checkpoints beside a journal are those it says were ready, to the last byte (I8). Ready
 * ones that are not there are no violation: a node keeps the newest few.
 */
final class CheckpointRule {
    static final String NAME = "checkpoint-files";
    /** More than a node can keep; the oldest are forgotten first. */
    private static final int MAX_READY = 10_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<Long, String> ready = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, String> eldest) {
            return size() > MAX_READY;
        }
    };

    void note(JournalEntry entry) {
        if (entry.kind() != EntryKind.CHECKPOINT_READY || entry.internal()) {
            return;
        }
        try {
            JsonNode body = JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
            if (body.path("markIndex").canConvertToLong() && body.path("manifestSha256").isTextual()) {
                ready.put(body.get("markIndex").asLong(), body.get("manifestSha256").asText());
            }
        } catch (IOException e) {
            // The rule about bodies tells of it.
        }
    }

    /** Reads every file of the checkpoints there; returns how many are as committed. */
    long check(Path store, Consumer<Violation> found) {
        CheckpointStore checkpoints = CheckpointStore.readOnly(store);
        long whole = 0;
        for (long mark : checkpoints.list()) {
            String digest = ready.get(mark);
            if (digest == null) {
                continue; // not ready yet, or its entry was dropped
            }
            try {
                checkpoints.verify(mark, digest);
                whole++;
            } catch (CheckpointDamagedException | UncheckedIOException damage) {
                // A running node may have deleted it meanwhile.
                if (checkpoints.list().contains(mark)) {
                    found.accept(new Violation(NAME, store.resolve(Long.toString(mark)), -1, mark, damage.getMessage()));
                }
            }
        }
        return whole;
    }
}
