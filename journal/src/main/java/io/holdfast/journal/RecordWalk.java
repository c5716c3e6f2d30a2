package io.holdfast.journal;

/**
 * Owned by the thread that walks: goes through the records of a journal in the order they were written and checks each.
 *
 * <p>Checked are the frame, the record's checksum, that it chains to the record before, that indices have no gap, that
 * terms never fall, and, at the end of each file, that the record which Chronicle's header calls the last one was seen.
 * Damage is a {@link JournalException} that names file and position. At the end the walk may be asked again later: it
 * goes on when a writer has appended.
 */
final class RecordWalk {
    enum Step {
        /** An entry was read. */
        ENTRY,
        /** A cut was read: the entries from its index on are dropped. */
        CUT,
        /** A restart was read: the log goes on behind its index. */
        RESTART,
        /** Nothing more has been written so far. */
        END
    }

    /** Zeros between two records of one document, so that no record but the first looks as if it had a document header. */
    static final int GAP_BYTES = 4;

    private final CycleFiles files;
    private final EntryIndex index;
    private final boolean followNewFiles;
    /** False until the first record, when it is to say itself what stands before it. */
    private boolean begun;
    private int ordinal;
    private long position;
    private long lastDocument;
    private long recordPosition;
    private int recordOrdinal;
    /** Where the next record of the present document starts; at its end there is none. */
    private long nextRecord;
    private long documentEnd;
    private int chain;
    private boolean ended;

    /**
     * @param index filled along the way; the walk needs it to check cuts
     * @param start what stands before the first file; null in an archive, whose first record says it itself
     */
    RecordWalk(CycleFiles files, EntryIndex index, FileStart start, boolean followNewFiles) {
        this.files = files;
        this.index = index;
        this.followNewFiles = followNewFiles;
        if (start != null) {
            index.begin(start.index(), start.term());
            chain = start.chain();
            begun = true;
        }
    }

    Step next(JournalEntry into) {
        while (true) {
            if (nextRecord < documentEnd) {
                return record(files.get(ordinal), into);
            }
            boolean newest = ordinal >= files.count() - 1;
            if (ordinal >= files.count()) {
                if (!(followNewFiles && files.refresh())) {
                    return Step.END;
                }
                continue;
            }
            CycleFile file = files.get(ordinal);
            // Read before the document header: a document up to here is finished, also beside a live writer.
            long finished = position == 0 ? 0 : file.writePosition();
            int header = file.header(position);
            if (header == 0 || header == CycleFile.END_OF_FILE || position == 0 && (header & CycleFile.NOT_COMPLETE) != 0) {
                checkNothingMissing(file, finished);
                ended = header == CycleFile.END_OF_FILE;
                if (!newest) {
                    startFile(ordinal + 1);
                } else if (!(followNewFiles && files.refresh())) {
                    return Step.END;
                }
                continue;
            }
            document(file, header);
        }
    }

    private void startFile(int next) {
        if (position == 0) {
            throw new JournalException(files.get(ordinal).path(), 0, "the cycle file has no header, but there are newer files");
        }
        ordinal = next;
        position = 0;
        lastDocument = 0;
        ended = false;
    }

    private void checkNothingMissing(CycleFile file, long finished) {
        if (finished > lastDocument) {
            throw new JournalException(file.path(), position, "no record here, but one was appended at byte " + finished
                    + ": acknowledged entries after index " + index.last() + " are missing");
        }
    }

    private void document(CycleFile file, int header) {
        int length = header & CycleFile.LENGTH_MASK;
        if ((header & CycleFile.NOT_COMPLETE) != 0 || !file.map(position, CycleFile.HEADER_BYTES)) {
            throw new JournalException(file.path(), position, "document header 0x" + Integer.toHexString(header));
        }
        if ((header & CycleFile.METADATA) == 0) {
            if (length > CycleFile.MAX_RECORD_BYTES || !file.map(position, CycleFile.HEADER_BYTES + length)) {
                throw new JournalException(file.path(), position, "a document of " + length
                        + " bytes reaches beyond what can be there");
            }
            nextRecord = position + CycleFile.HEADER_BYTES;
            documentEnd = nextRecord + length;
            lastDocument = position;
        }
        position = CycleFile.next(position, header);
    }

    private Step record(CycleFile file, JournalEntry into) {
        recordOrdinal = ordinal;
        recordPosition = nextRecord;
        if (!file.map(recordPosition, documentEnd - recordPosition)) {
            throw new JournalException(file.path(), recordPosition, "the file ends inside a document");
        }
        int length = file.read(recordPosition, documentEnd - recordPosition, into);
        long end = recordPosition + length;
        nextRecord = into.more() ? afterGap(end) : end;
        if (into.more() ? nextRecord >= documentEnd : end != documentEnd) {
            throw new JournalException(file.path(), recordPosition, "a record of " + length + " bytes does not fit its document");
        }
        Step step = accept(file, into);
        chain = into.chain();
        file.endBytes(position);
        return step;
    }

    /** Where the record behind one that ends here starts. */
    static long afterGap(long end) {
        return (end + 3 & ~3L) + GAP_BYTES;
    }

    private Step accept(CycleFile file, JournalEntry record) {
        if (!begun) {
            begun = true;
            chain = record.previousChain();
            index.begin(record.kind() == EntryKind.TAIL_CUT ? TailCut.droppedThrough(record) : record.index() - 1, 0);
            index.raiseFloor(record.index() - 1, 0);
        }
        if (record.previousChain() != chain) {
            throw new JournalException(file.path(), recordPosition, "the record of index " + record.index()
                    + " does not chain to the last one before it (index " + index.last() + "): " + (file.start() == null
                    ? "a cycle file " + (ordinal == 0 ? "before" : "between " + files.get(ordinal - 1).path().getFileName() + " and")
                            + " this one is missing" : "records before it are missing or not of this journal"));
        }
        boolean first = file.start() == null;
        if (first) {
            file.start(chain, index.last(), index.lastTerm());
        }
        if (record.kind() == EntryKind.TAIL_CUT) {
            String problem = TailCut.problem(record, index.last());
            if (problem != null) {
                throw new JournalException(file.path(), recordPosition, problem);
            }
            index.cut(record.index());
            return Step.CUT;
        }
        if (record.kind() == EntryKind.RESTART) {
            if (!first) {
                throw new JournalException(file.path(), recordPosition, "a restart in the middle of a file");
            }
            index.begin(record.index(), record.term());
            return Step.RESTART;
        }
        if (record.index() != index.last() + 1) {
            throw new JournalException(file.path(), recordPosition, "index " + record.index() + " follows " + index.last());
        }
        if (record.term() < index.lastTerm()) {
            throw new JournalException(file.path(), recordPosition, "term falls from " + index.lastTerm() + " to "
                    + record.term() + " at index " + record.index());
        }
        index.append(record.term(), CycleFiles.place(ordinal, recordPosition),
                StoredRecord.HEADER_BYTES + record.commandLength());
        return Step.ENTRY;
    }

    /** The file of the record read last. */
    CycleFile recordFile() {
        return files.get(recordOrdinal);
    }

    /** The file the walk stands in; before the first one -1. */
    int cycle() {
        return ordinal < files.count() ? files.get(ordinal).cycle() : -1;
    }

    /** The position of the record read last. */
    long recordPosition() {
        return recordPosition;
    }

    /** At the end: where the next document of the newest file would start. */
    long tailPosition() {
        return position;
    }

    /** At the end: whether the newest file is closed for good. */
    boolean tailClosed() {
        return ended;
    }

    /** The chain value of the record read last. */
    int chain() {
        return chain;
    }
}
