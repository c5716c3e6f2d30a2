package io.holdfast.node.config;

import io.holdfast.journal.JournalOptions;

import java.nio.file.Path;

/**
 * How a service's journal is kept. Immutable.
 *
 * @param retain how much of it
 */
public record JournalConfig(RetainConfig retain) {

    /** @param service whose journal it is; each has an archive of its own */
    public JournalOptions options(String service) {
        Path archive = retain.archiveDir() == null ? null : retain.archiveDir().resolve(service);
        return JournalOptions.DEFAULT.withRollBytes(retain.fileBytes()).withMaxBytes(retain.maxBytes()).withArchive(archive);
    }
}
