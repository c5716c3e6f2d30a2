package io.holdfast.journal;

import java.nio.file.Path;

/**
 * How a journal is kept.
 *
 * @param blockBytes       how much of a cycle file is mapped (sparsely) at once; a power of two, 1 MiB to 1 GiB
 * @param maxCommandBytes  the longest command accepted; at most an eighth of a block and 8 MiB
 * @param preallocateBytes how far ahead of the last entry disk blocks are claimed, at least, and twice as far at most, so
 *                         that a full disk is an exception before an append and not a fault inside it
 * @param rollBytes        a file that would grow beyond this is closed and another begun, also at each full hour; dropped
 *                         entries give their disk space back file by file
 * @param maxBytes         what the journal should not grow beyond, 0 for no bound: {@link Journal#isFull()} says when it
 *                         has; whoever appends decides what waits then
 * @param archive          the directory dropped files are moved into, on the same file system; null to delete them
 * @param durability       what an acknowledged entry survives
 * @param syncIntervalMs   with {@link Durability#INTERVAL}: the pause between forcing what was appended and forcing it again
 */
public record JournalOptions(int blockBytes, int maxCommandBytes, int preallocateBytes, long rollBytes, long maxBytes,
                             Path archive, Durability durability, int syncIntervalMs) {
    public static final int MIN_BLOCK_BYTES = 1 << 20;
    public static final int MAX_BLOCK_BYTES = 1 << 30;
    public static final int MAX_COMMAND_BYTES = 8 << 20;
    public static final int MIN_PREALLOCATE_BYTES = 256 << 10;
    public static final int MAX_SYNC_INTERVAL_MS = 60_000;
    public static final long MIN_ROLL_BYTES = 1 << 20;
    public static final long MAX_ROLL_BYTES = 1L << 36;

    public static final JournalOptions DEFAULT =
            new JournalOptions(64 << 20, 4 << 20, 1 << 20, 256 << 20, 0, null, Durability.PROCESS, 10);

    public JournalOptions {
        if (Integer.bitCount(blockBytes) != 1 || blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
            throw new IllegalArgumentException("blockBytes must be a power of two from " + MIN_BLOCK_BYTES + " to "
                    + MAX_BLOCK_BYTES + ": " + blockBytes);
        }
        if (maxCommandBytes < Command.HEADER_BYTES || maxCommandBytes > Math.min(blockBytes / 8, MAX_COMMAND_BYTES)) {
            throw new IllegalArgumentException("maxCommandBytes must be from " + Command.HEADER_BYTES
                    + " to an eighth of a block and at most " + MAX_COMMAND_BYTES + ": " + maxCommandBytes);
        }
        if (preallocateBytes < MIN_PREALLOCATE_BYTES || preallocateBytes > blockBytes) {
            throw new IllegalArgumentException("preallocateBytes must be from " + MIN_PREALLOCATE_BYTES
                    + " to a block: " + preallocateBytes);
        }
        if (rollBytes < MIN_ROLL_BYTES || rollBytes > MAX_ROLL_BYTES) {
            throw new IllegalArgumentException("rollBytes must be from " + MIN_ROLL_BYTES + " to " + MAX_ROLL_BYTES + ": "
                    + rollBytes);
        }
        if (maxBytes != 0 && maxBytes < 2 * rollBytes) {
            throw new IllegalArgumentException("maxBytes must be 0 or at least two files of " + rollBytes + " bytes: " + maxBytes);
        }
        if (durability == null) {
            throw new IllegalArgumentException("durability is missing");
        }
        if (syncIntervalMs < 1 || syncIntervalMs > MAX_SYNC_INTERVAL_MS) {
            throw new IllegalArgumentException("syncIntervalMs must be from 1 to " + MAX_SYNC_INTERVAL_MS + ": " + syncIntervalMs);
        }
    }

    public JournalOptions withBlockBytes(int bytes) {
        return new JournalOptions(bytes, Math.min(maxCommandBytes, bytes / 8), Math.min(preallocateBytes, bytes / 4), rollBytes,
                maxBytes, archive, durability, syncIntervalMs);
    }

    public JournalOptions withRollBytes(long bytes) {
        return new JournalOptions(blockBytes, maxCommandBytes, preallocateBytes, bytes, maxBytes, archive, durability, syncIntervalMs);
    }

    public JournalOptions withMaxBytes(long bytes) {
        return new JournalOptions(blockBytes, maxCommandBytes, preallocateBytes, rollBytes, bytes, archive, durability, syncIntervalMs);
    }

    public JournalOptions withArchive(Path directory) {
        return new JournalOptions(blockBytes, maxCommandBytes, preallocateBytes, rollBytes, maxBytes, directory, durability,
                syncIntervalMs);
    }

    public JournalOptions withDurability(Durability value) {
        return new JournalOptions(blockBytes, maxCommandBytes, preallocateBytes, rollBytes, maxBytes, archive, value, syncIntervalMs);
    }

    public JournalOptions withSyncIntervalMs(int ms) {
        return new JournalOptions(blockBytes, maxCommandBytes, preallocateBytes, rollBytes, maxBytes, archive, durability, ms);
    }
}
