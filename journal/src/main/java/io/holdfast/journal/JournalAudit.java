package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by the thread that runs it, once: checks a whole journal by one rule after the other, without writing to it, and
 * carries on behind what it finds. {@link JournalVerifier} stops at the first damage; this tells all of it.
 */
public final class JournalAudit {
    public static final String FRAME = "frame";
    public static final String CHECKSUM = "checksum";
    public static final String CHAIN = "chain";
    public static final String INDEX_CONTINUITY = "index-continuity";
    public static final String TERM_ORDER = "term-order";
    public static final String TRUNCATIONS = "truncations";
    public static final String COMMIT_INDEX = "commit-index";
    public static final String FILES = "files";
    public static final String FLOOR = "floor";
    public static final String FORCED = "forced";

    /** Is shown what the audit meets, in the order it was written. */
    public interface Visitor {
        /** A whole record; the view is valid for the call only. */
        void onRecord(JournalEntry record, Path file, long offsetBytes);

        void onViolation(Violation violation);
    }

    private final Path dir;
    private final Visitor visitor;
    private final JournalEntry entry = new JournalEntry();
    /** First index and term of each stretch of one term, on the branch that is live so far. */
    private final List<long[]> terms = new ArrayList<>();
    private long last;
    private int chain;
    private long records;
    private long lastGood = -1;
    private long committed;
    private long newestCycle = -1;
    /** Where the search in the newest file ended. */
    private long endBytes;
    /** Behind damage neither chain nor index is known. */
    private boolean lost;
    /** False until something says what stands before the first record. */
    private boolean begun;
    private boolean firstOfFile;

    public JournalAudit(Path dir, Visitor visitor) {
        this.dir = dir;
        this.visitor = visitor;
    }

    /** Reads all of it; a {@link JournalException} means that it could not be read at all. */
    public void run() {
        Floor floor = readFloor();
        readState(floor);
        ForcedMark mark = readMark();
        CycleFiles files = CycleFiles.list(dir, floor == null ? 0 : floor.start().cycle());
        for (int i = 0; i < files.count(); i++) {
            scan(files.get(i), i == files.count() - 1);
        }
        checkState(files);
        checkMark(mark, floor, files.last());
        if (lastGood < 0) {
            lastGood = last;
        }
    }

    /** The last entry of the live branch. */
    public long lastIndex() {
        return last;
    }

    /** How far the writer said the group had committed. */
    public long commitIndex() {
        return committed;
    }

    /** How many whole records there were. */
    public long records() {
        return records;
    }

    /** The last entry before the first violation: what a clean copy can hold. */
    public long lastGoodIndex() {
        return lastGood;
    }

    /** What the journal begins with; null for an archive, and when it is not known any more. */
    private Floor readFloor() {
        try {
            Floor floor = Floor.load(dir);
            if (floor != null) {
                chain = floor.start().chain();
                last = floor.start().index();
                begun = true;
                if (floor.start().term() != 0) {
                    terms.add(new long[] {last, floor.start().term()});
                }
                SnapshotFile.load(dir, floor);
            }
            return floor;
        } catch (JournalException e) {
            violation(FLOOR, e.file() == null ? dir : e.file(), e.offsetBytes(), e.getMessage());
            return null;
        }
    }

    private void scan(CycleFile file, boolean newest) {
        RecordScan scan = new RecordScan(file, sizeOf(file));
        scan(file, newest, scan);
        endBytes = scan.offsetBytes();
    }

    private void scan(CycleFile file, boolean newest, RecordScan scan) {
        long lastRecord = 0;
        firstOfFile = true;
        while (true) {
            RecordScan.Found found = scan.next(entry);
            if (found == RecordScan.Found.RECORD) {
                lastRecord = scan.document();
                accept(file, scan.offsetBytes());
                continue;
            }
            if (found == RecordScan.Found.SPOILT) {
                lastRecord = scan.document();
                violation(CHECKSUM, file, scan.offsetBytes(), scan.problem());
                lost = true;
                continue;
            }
            if (found == RecordScan.Found.BROKEN) {
                violation(FRAME, file, scan.offsetBytes(), scan.problem());
            } else {
                long finished = finished(file, scan.offsetBytes(), newest);
                if (finished <= lastRecord) {
                    return;
                }
                // A live writer may have appended since the end was seen; then there is no end here any more.
                if (scan.isAtEnd()) {
                    violation(FRAME, file, scan.offsetBytes(), "no record here, but one was appended at byte " + finished);
                } else {
                    continue;
                }
            }
            lost = true;
            if (!scan.resync(entry)) {
                if (scan.gaveUp()) {
                    violation(FRAME, file, scan.offsetBytes(), "no record was found behind the damage within a bounded search");
                }
                return;
            }
        }
    }

    /** The position of the last record Chronicle says it finished, 0 when it says nothing. */
    private long finished(CycleFile file, long end, boolean newest) {
        if (end == 0) {
            if (!newest) {
                violation(FILES, file, 0, "the cycle file has no header, but there are newer files");
            }
            return 0;
        }
        try {
            return file.writePosition();
        } catch (JournalException e) {
            violation(FRAME, file, e.offsetBytes(), "the header of the cycle file has an unknown form");
            return 0;
        }
    }

    private void accept(CycleFile file, long offset) {
        records++;
        if (!begun) {
            begun = true;
            chain = entry.previousChain();
            last = entry.kind() == EntryKind.TAIL_CUT ? TailCut.droppedThrough(entry) : entry.index() - 1;
        }
        if (entry.previousChain() != chain && !lost) {
            violation(CHAIN, file, offset, "the record of index " + entry.index()
                    + " does not chain to the one before it: records are missing, or it is of another journal");
        }
        chain = entry.chain();
        if (entry.kind() == EntryKind.TAIL_CUT) {
            acceptCut(file, offset);
        } else if (entry.kind() == EntryKind.RESTART) {
            if (!firstOfFile) {
                violation(TRUNCATIONS, file, offset, "a restart in the middle of a file");
            }
            last = entry.index();
            terms.clear();
            terms.add(new long[] {last, entry.term()});
        } else {
            acceptEntry(file, offset);
        }
        lost = false;
        firstOfFile = false;
        visitor.onRecord(entry, file.path(), offset);
    }

    private void acceptCut(CycleFile file, long offset) {
        String problem = TailCut.problem(entry, last);
        if (problem != null) {
            violation(TRUNCATIONS, file, offset, problem);
        }
        if (entry.index() <= last) {
            last = entry.index() - 1;
            while (!terms.isEmpty() && terms.get(terms.size() - 1)[0] > last) {
                terms.remove(terms.size() - 1);
            }
        }
    }

    private void acceptEntry(CycleFile file, long offset) {
        if (entry.index() != last + 1) {
            violation(INDEX_CONTINUITY, file, offset, "index " + entry.index() + " follows " + last);
        }
        long termBefore = terms.isEmpty() ? 0 : terms.get(terms.size() - 1)[1];
        if (entry.term() < termBefore) {
            violation(TERM_ORDER, file, offset, "term falls from " + termBefore + " to " + entry.term());
        }
        if (entry.term() != termBefore) {
            terms.add(new long[] {entry.index(), entry.term()});
        }
        last = entry.index();
    }

    /** What the writer says it holds; asked before the records are read, since it may be writing. */
    private void readState(Floor floor) {
        Path path = dir.resolve(StateFile.FILE_NAME);
        if (floor == null && !Files.exists(path)) {
            return;
        }
        try {
            StateFile state = StateFile.open(dir, false);
            committed = state.commitIndex();
            newestCycle = state.newestCycle();
        } catch (IOException | JournalException e) {
            violation(FILES, path, -1, "the file with the commit index cannot be used: " + e.getMessage());
        }
    }

    /** Read before the records: a live writer forces more meanwhile. Null when it is not known how far was forced. */
    private ForcedMark readMark() {
        try {
            return ForcedMark.load(KernelStorage.INSTANCE, dir);
        } catch (IOException | JournalException e) {
            violation(FORCED, dir.resolve(ForcedMark.FILE_NAME), -1, "how far the journal was forced cannot be read: " + e.getMessage());
            return null;
        }
    }

    /** Where the end is missing and nothing else shows that there was more, this does. */
    private void checkMark(ForcedMark mark, Floor floor, CycleFile newest) {
        int cycle = newest != null ? newest.cycle() : floor == null ? -1 : floor.start().cycle();
        String lacking = mark == null ? null : mark.lacking(cycle, endBytes, last);
        if (lacking != null) {
            violation(FORCED, newest == null ? dir : newest.path(), newest == null ? -1 : endBytes, lacking);
        }
    }

    private void checkState(CycleFiles files) {
        Path path = dir.resolve(StateFile.FILE_NAME);
        if (committed > last) {
            violation(COMMIT_INDEX, path, StateFile.COMMIT_INDEX, "entries up to " + committed
                    + " were committed, the journal ends with " + last);
        }
        if (newestCycle > (files.last() == null ? -1 : files.last().cycle())) {
            violation(FILES, path, StateFile.NEWEST_CYCLE, "the newest cycle file, number " + newestCycle
                    + ", is missing");
        }
    }

    private long sizeOf(CycleFile file) {
        try {
            return Files.size(file.path());
        } catch (IOException e) {
            throw new JournalException(file.path(), -1, "cannot be read: " + e, e);
        }
    }

    private void violation(String rule, CycleFile file, long offset, String what) {
        violation(rule, file.path(), offset, what);
    }

    private void violation(String rule, Path file, long offset, String what) {
        if (lastGood < 0) {
            lastGood = last;
        }
        visitor.onViolation(new Violation(rule, file, offset, last, what));
    }
}
