package io.holdfast.node.config;

import io.holdfast.journal.Durability;
import io.holdfast.journal.JournalOptions;

import java.nio.file.Path;

/**
 * How a service's journal is kept. Immutable.
 *
 * @param durability     what an acknowledged entry survives on this node
 * @param syncIntervalMs with INTERVAL: the pause between forcing what was appended and forcing it again
 * @param retain         how much of it
 */
public record JournalConfig(Durability durability, int syncIntervalMs, RetainConfig retain) {

    /** @param service whose journal it is; each has an archive of its own */
    public JournalOptions options(String service) {
        Path archive = retain.archiveDir() == null ? null : retain.archiveDir().resolve(service);
        return JournalOptions.DEFAULT.withDurability(durability).withSyncIntervalMs(syncIntervalMs)
                .withRollBytes(retain.fileBytes()).withMaxBytes(retain.maxBytes()).withArchive(archive);
    }
}
