package io.holdfast.journal;

import java.util.zip.CRC32C;

/**
 * Owned by the thread that reads with it: a view of one record, filled by a read and reused by the caller.
 *
 * <p>The buffer belongs to the entry and is overwritten by the next read into it.
 */
public final class JournalEntry {
    private byte[] buffer = new byte[2048];
    private final CRC32C crc = new CRC32C();
    private final Spot spot = new Spot();
    private int commandLength;

    /** Room for a record of this length; what it held before is gone. */
    byte[] bufferFor(int recordBytes) {
        if (buffer.length < recordBytes) {
            buffer = new byte[Math.max(recordBytes, buffer.length * 2)];
        }
        return buffer;
    }

    /** Takes the bytes put into {@link #bufferFor} as a record; says why they are none, or null. */
    String filled(int recordBytes) {
        String problem = StoredRecord.problem(buffer, recordBytes, crc);
        commandLength = problem == null ? recordBytes - StoredRecord.HEADER_BYTES : 0;
        return problem;
    }

    Spot spot() {
        return spot;
    }

    boolean more() {
        return StoredRecord.more(buffer);
    }

    int previousChain() {
        return StoredRecord.previousChain(buffer);
    }

    public long index() {
        return StoredRecord.index(buffer);
    }

    public long term() {
        return StoredRecord.term(buffer);
    }

    /** Whether the group protocol itself wrote the entry. */
    public boolean internal() {
        return StoredRecord.internal(buffer);
    }

    /** The chain value of this record: its checksum, which covers that of the record before. */
    public int chain() {
        return StoredRecord.chain(buffer);
    }

    public EntryKind kind() {
        return Command.kind(buffer, StoredRecord.HEADER_BYTES);
    }

    public int flags() {
        return Command.flags(buffer, StoredRecord.HEADER_BYTES);
    }

    public long epochNanos() {
        return Command.epochNanos(buffer, StoredRecord.HEADER_BYTES);
    }

    public byte[] buffer() {
        return buffer;
    }

    public int commandOffset() {
        return StoredRecord.HEADER_BYTES;
    }

    public int commandLength() {
        return commandLength;
    }

    public int bodyOffset() {
        return StoredRecord.HEADER_BYTES + Command.HEADER_BYTES;
    }

    public int bodyLength() {
        return commandLength - Command.HEADER_BYTES;
    }
}
