package io.holdfast.journal;

/** Owned by the thread that reads: goes from record to record of one cycle file, from any document on. */
final class RecordCursor {
    private final CycleFile file;
    private long nextDocument;
    private long nextRecord;
    private long documentEnd;
    private long document;
    private long record;
    private boolean closed;

    /** @param document where a document starts */
    RecordCursor(CycleFile file, long document) {
        this.file = file;
        this.nextDocument = document;
    }

    /** Goes to the next record and fills it in, checked; false when there is none (so far), or the file was dropped. */
    boolean next(JournalEntry into) {
        return step() && file.read(record, documentEnd - record, into) > 0;
    }

    /** Goes to the next record without checking its content; false when there is none (so far). */
    boolean step() {
        if (nextRecord >= documentEnd && !nextDocument()) {
            return false;
        }
        record = nextRecord;
        long word = file.word(record);
        long length = StoredRecord.HEADER_BYTES + (Integer.reverseBytes((int) (word >>> 32)) & 0xFFFFFFFFL);
        boolean more = (word >>> 24 & StoredRecord.MORE) != 0;
        long end = record + length;
        nextRecord = more ? RecordWalk.afterGap(end) : end;
        if ((word & 0xFFFFFF) != StoredRecord.MAGIC_BYTES || (more ? nextRecord >= documentEnd : end != documentEnd)) {
            throw new JournalException(file.path(), record, "no record here that fits its document");
        }
        return true;
    }

    /** Of the record gone to last. */
    long index() {
        return Long.reverseBytes(file.word(record + StoredRecord.INDEX));
    }

    /** Of the record gone to last; null when the code is unknown. */
    EntryKind kind() {
        return EntryKind.ofCode((int) (file.word(record + StoredRecord.HEADER_BYTES) >>> 8) & 0xFF);
    }

    private boolean nextDocument() {
        while (true) {
            int header = file.header(nextDocument);
            if (header == 0 || header == CycleFile.END_OF_FILE || nextDocument == 0 && (header & CycleFile.NOT_COMPLETE) != 0) {
                closed = header == CycleFile.END_OF_FILE;
                return false;
            }
            int length = header & CycleFile.LENGTH_MASK;
            boolean metadata = (header & CycleFile.METADATA) != 0;
            if ((header & CycleFile.NOT_COMPLETE) != 0 || !metadata && (length > CycleFile.MAX_RECORD_BYTES
                    || !file.map(nextDocument, CycleFile.HEADER_BYTES + length))) {
                throw new JournalException(file.path(), nextDocument, "document header 0x" + Integer.toHexString(header)
                        + " is none, or reaches beyond the file");
            }
            document = nextDocument;
            nextDocument = CycleFile.next(document, header);
            if (!metadata) {
                nextRecord = document + CycleFile.HEADER_BYTES;
                documentEnd = nextRecord + length;
                return true;
            }
        }
    }

    /** Where the document of the record read last starts. */
    long document() {
        return document;
    }

    /** Where the record read last starts. */
    long record() {
        return record;
    }

    /** Whether the record read last is the first of its document. */
    boolean isFirstOfDocument() {
        return record == document + CycleFile.HEADER_BYTES;
    }

    boolean isClosed() {
        return closed;
    }
}
