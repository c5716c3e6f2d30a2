package io.holdfast.journal;

/**
 * Owned by one thread: goes through the records of one cycle file and carries on behind damage.
 *
 * <p>Behind damage it looks for the next whole record that stands at the beginning of a document. Bytes that a client sent
 * may look like one, so what is found there is evidence of where the damage ends and not proof; the chain tells. The
 * search has a budget, so that a file made to look like many long records cannot make it take quadratic time.
 */
final class RecordScan {
    /** Bytes checked in vain for each byte of the file before the search gives up. */
    private static final int BUDGET_FACTOR = 4;

    /** What stands at a position. */
    enum Found {
        RECORD,
        /** A record whose content is not what was written. */
        SPOILT,
        /** Neither a document nor an end. */
        BROKEN,
        END
    }

    private final CycleFile file;
    private final long sizeBytes;
    private long budget;
    /** Where the next document starts. */
    private long position;
    private long nextRecord;
    private long documentEnd;
    private long document;
    private long at;
    private String problem;

    RecordScan(CycleFile file, long sizeBytes) {
        this(file, sizeBytes, 0);
    }

    /** @param from where a document starts */
    RecordScan(CycleFile file, long sizeBytes, long from) {
        this.file = file;
        this.sizeBytes = sizeBytes;
        this.position = from;
        this.budget = BUDGET_FACTOR * sizeBytes;
    }

    /** Where what was found last starts, or where the end is. */
    long offsetBytes() {
        return at;
    }

    /** Where the document of what was found last starts. */
    long document() {
        return document;
    }

    /** What is wrong with what was found last. */
    String problem() {
        return problem;
    }

    Found next(JournalEntry into) {
        if (nextRecord < documentEnd) {
            return record(into);
        }
        while (true) {
            at = position;
            int header = file.header(position);
            int length = header & CycleFile.LENGTH_MASK;
            if (isEnd(header)) {
                return Found.END;
            }
            boolean metadata = (header & CycleFile.METADATA) != 0;
            if ((header & CycleFile.NOT_COMPLETE) != 0 || !metadata && length > CycleFile.MAX_RECORD_BYTES
                    || !file.map(position, CycleFile.HEADER_BYTES + (metadata ? 0 : length)) || reachesBeyond(length)) {
                problem = "document header 0x" + Integer.toHexString(header) + " is none, or reaches beyond the file";
                position += Integer.BYTES;
                return Found.BROKEN;
            }
            document = position;
            position = CycleFile.next(position, header);
            if (!metadata) {
                nextRecord = document + CycleFile.HEADER_BYTES;
                documentEnd = nextRecord + length;
                return record(into);
            }
        }
    }

    private boolean reachesBeyond(int length) {
        return length > sizeBytes - position - CycleFile.HEADER_BYTES && !file.map(position, CycleFile.HEADER_BYTES + (long) length);
    }

    /** The lengths of a spoilt record are not to be believed: the rest of its document is passed over. */
    private Found record(JournalEntry into) {
        at = nextRecord;
        nextRecord = documentEnd;
        problem = file.examine(at, documentEnd - at, into);
        if (problem != null) {
            return Found.SPOILT;
        }
        long end = at + StoredRecord.HEADER_BYTES + into.commandLength();
        long next = into.more() ? RecordWalk.afterGap(end) : end;
        if (into.more() ? next >= documentEnd : end != documentEnd) {
            problem = "the record does not fit its document";
            return Found.SPOILT;
        }
        nextRecord = next;
        return Found.RECORD;
    }

    private boolean isEnd(int header) {
        return header == 0 || header == CycleFile.END_OF_FILE || position == 0 && (header & CycleFile.NOT_COMPLETE) != 0;
    }

    /** Whether there is still nothing where the end was found; a live writer may have appended. */
    boolean isAtEnd() {
        return isEnd(file.header(position));
    }

    /** Goes to the next whole record behind damage; false when there is none, or when the search gave up. */
    boolean resync(JournalEntry into) {
        nextRecord = documentEnd;
        for (long candidate = position + 3 & ~3L; candidate < sizeBytes - CycleFile.HEADER_BYTES && budget > 0; candidate += 4) {
            long word = file.word(candidate);
            int header = (int) word;
            if ((word >>> 32 & 0xFFFFFF) != StoredRecord.MAGIC_BYTES || header < 0 || header > CycleFile.MAX_RECORD_BYTES
                    || header > sizeBytes - candidate - CycleFile.HEADER_BYTES) {
                continue;
            }
            budget -= header;
            long record = candidate + CycleFile.HEADER_BYTES;
            if (file.map(record, header) && file.examine(record, header, into) == null) {
                position = candidate;
                return true;
            }
        }
        return false;
    }

    boolean gaveUp() {
        return budget <= 0;
    }
}
