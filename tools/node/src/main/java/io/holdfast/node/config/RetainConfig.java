package io.holdfast.node.config;

import java.nio.file.Path;

/**
 * How much of its journal a node keeps behind the last ready checkpoint. Immutable.
 *
 * @param maxBytes   the journal should not grow beyond; from half of it on, entries nobody needs any more go
 * @param maxAgeMs   entries older than this go too, 0 for no such bound
 * @param mode       what becomes of them
 * @param archiveDir where files are moved, on the file system of {@code dataDir}; null unless the mode is ARCHIVE
 */
public record RetainConfig(long maxBytes, long maxAgeMs, Mode mode, Path archiveDir) {
    public static final long DEFAULT_MAX_BYTES = 4L << 30;
    /** Entries give their space back file by file, so there must be room for some files. */
    public static final long MIN_MAX_BYTES = 8L << 20;
    private static final int FILES = 8;
    private static final long MIN_FILE_BYTES = 1L << 20;
    private static final long MAX_FILE_BYTES = 256L << 20;

    /** What becomes of a file of which no entry is needed any more. */
    public enum Mode {
        /** It is deleted. */
        DELETE,
        /** It is moved, for audits; whoever has it moved looks after its space. */
        ARCHIVE
    }

    /** Size at which a file of the journal is closed and another begun. */
    public long fileBytes() {
        return Math.max(MIN_FILE_BYTES, Math.min(MAX_FILE_BYTES, maxBytes / FILES));
    }

    /** What the journal is cut back to where a checkpoint allows it. */
    public long keptBytes() {
        return maxBytes / 2;
    }

    /** From this size on the primary takes a checkpoint at once, so that entries may go. */
    public long pressingBytes() {
        return maxBytes / 4 * 3;
    }
}
