package io.holdfast.node.config;

import io.holdfast.journal.Durability;
import io.holdfast.journal.JournalOptions;

/**
 * How a service's journal is kept. Immutable.
 *
 * @param durability     what an acknowledged entry survives on this node
 * @param syncIntervalMs with INTERVAL: the pause between forcing what was appended and forcing it again
 */
public record JournalConfig(Durability durability, int syncIntervalMs) {

    public JournalOptions options() {
        return JournalOptions.DEFAULT.withDurability(durability).withSyncIntervalMs(syncIntervalMs);
    }
}
