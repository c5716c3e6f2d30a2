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
        /** Nothing more has been written so far. */
        END
    }

    private final CycleFiles files;
    private final EntryIndex index;
    private final boolean followNewFiles;
    private int ordinal;
    private long position;
    private long lastRecord;
    private long recordPosition;
    private int recordOrdinal;
    private int chain;
    private boolean ended;
    private boolean firstOfFile = true;

    /** {@code index} is filled along the way; the walk needs it to check cuts. */
    RecordWalk(CycleFiles files, EntryIndex index, boolean followNewFiles) {
        this.files = files;
        this.index = index;
        this.followNewFiles = followNewFiles;
    }

    Step next(JournalEntry into) {
        while (true) {
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
            Step step = document(file, header, into);
            if (step != null) {
                return step;
            }
        }
    }

    private void startFile(int next) {
        if (position == 0) {
            throw new JournalException(files.get(ordinal).path(), 0, "the cycle file has no header, but there are newer files");
        }
        ordinal = next;
        position = 0;
        lastRecord = 0;
        ended = false;
        firstOfFile = true;
    }

    private void checkNothingMissing(CycleFile file, long finished) {
        if (finished > lastRecord) {
            throw new JournalException(file.path(), position, "no record here, but one was appended at byte " + finished
                    + ": acknowledged entries after index " + index.last() + " are missing");
        }
    }

    private Step document(CycleFile file, int header, JournalEntry into) {
        int length = header & CycleFile.LENGTH_MASK;
        if ((header & CycleFile.NOT_COMPLETE) != 0 || !file.map(position, CycleFile.HEADER_BYTES)) {
            throw new JournalException(file.path(), position, "document header 0x" + Integer.toHexString(header));
        }
        if ((header & CycleFile.METADATA) != 0) {
            advance(header);
            return null;
        }
        if (length > CycleFile.MAX_RECORD_BYTES || !file.map(position, CycleFile.HEADER_BYTES + length)) {
            throw new JournalException(file.path(), position, "a document of " + length + " bytes reaches beyond what can be there");
        }
        file.read(position, into);
        recordOrdinal = ordinal;
        recordPosition = position;
        Step step = accept(file, into);
        chain = into.chain();
        lastRecord = position;
        advance(header);
        return step;
    }

    private void advance(int header) {
        position = CycleFile.next(position, header);
    }

    private Step accept(CycleFile file, JournalEntry record) {
        if (record.previousChain() != chain) {
            throw new JournalException(file.path(), position, "the record of index " + record.index()
                    + " does not chain to the last one before it (index " + index.last() + "): " + (firstOfFile && ordinal > 0
                    ? "a cycle file between " + files.get(ordinal - 1).path().getFileName() + " and this one is missing"
                    : "records before it are missing or not of this journal"));
        }
        firstOfFile = false;
        if (record.kind() == EntryKind.TAIL_CUT) {
            String problem = TailCut.problem(record, index.last());
            if (problem != null) {
                throw new JournalException(file.path(), position, problem);
            }
            index.cut(record.index());
            return Step.CUT;
        }
        if (record.index() != index.last() + 1) {
            throw new JournalException(file.path(), position, "index " + record.index() + " follows " + index.last());
        }
        if (record.term() < index.lastTerm()) {
            throw new JournalException(file.path(), position, "term falls from " + index.lastTerm() + " to " + record.term()
                    + " at index " + record.index());
        }
        index.append(record.term(), CycleFiles.place(ordinal, position));
        return Step.ENTRY;
    }

    /** The file of the record read last. */
    CycleFile recordFile() {
        return files.get(recordOrdinal);
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
