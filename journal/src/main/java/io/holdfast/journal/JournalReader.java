package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Owned by one thread at a time: reads a journal beside its live writer, or after it, and writes nothing at all.
 *
 * <p>It sees what had been appended when it was opened or last refreshed, from the floor on. Every record is checked as
 * it is met; damage is a {@link JournalException} that names file and position. An archive of dropped files is read in
 * the same way: it begins with the first record there.
 */
public final class JournalReader implements AutoCloseable {
    /** How far entries of one term may be out of order in time: they are dated by several threads of one node. */
    private static final long DISORDER_NANOS = 1_000_000_000L;

    private final Path dir;
    private final JournalEntry scratch = new JournalEntry();
    private Floor floor;
    private CycleFiles files;
    private LiveBranch index;

    private JournalReader(Path dir) {
        this.dir = dir;
        begin(Floor.load(dir));
    }

    public static JournalReader open(Path dir) {
        if (!Files.isDirectory(dir)) {
            throw new JournalException(dir, -1, "no such directory");
        }
        JournalReader reader = new JournalReader(dir);
        reader.refresh();
        return reader;
    }

    private void begin(Floor from) {
        if (files != null) {
            close();
        }
        floor = from;
        files = CycleFiles.list(dir, from == null ? 0 : from.start().cycle());
        index = new LiveBranch(files, from == null ? null : from.start());
    }

    /** Takes up what has been appended, cut or dropped since; true when there was anything. */
    public boolean refresh() {
        boolean any = false;
        index.forgetCuts();
        while (true) {
            try {
                any |= followFloor();
                any |= index.refresh();
                raise(floor);
                return any;
            } catch (JournalException e) {
                // The writer may have dropped the file under us; a floor that stands still means damage.
                Floor now = Floor.load(dir);
                if (now == null || now.equals(floor)) {
                    throw e;
                }
                begin(now);
                any = true;
            }
        }
    }

    private boolean followFloor() {
        Floor now = Floor.load(dir);
        if (now == null || now.equals(floor)) {
            return false;
        }
        if (now.restarted() && !now.start().equals(floor.start()) || now.start().cycle() > index.cycle()) {
            begin(now);
        } else {
            floor = now;
            files.retireBefore(now.start().cycle());
        }
        return true;
    }

    private void raise(Floor to) {
        if (to != null && to.index() > index.floor() && to.index() <= index.last()) {
            index.raiseFloor(to.index());
        }
    }

    /** The first entry held, 0 when there is none. */
    public long firstIndex() {
        return index.first();
    }

    /** The last entry, that of the floor when none is held; 0 at the beginning. */
    public long lastIndex() {
        return index.last();
    }

    /** The last entry that was dropped or is covered by an installed snapshot, 0 for none. */
    public long floorIndex() {
        return index.floor();
    }

    /** The term of this entry, 0 when there is none. */
    public long termAt(long entry) {
        return read(entry, scratch) ? scratch.term() : floor != null && entry == floor.index() ? floor.term() : 0;
    }

    /** How far the writer said the group had committed. */
    public long commitIndex() {
        return committed(dir);
    }

    static long committed(Path dir) {
        try {
            return Files.exists(dir.resolve(StateFile.FILE_NAME)) ? StateFile.open(dir, false).commitIndex() : 0;
        } catch (IOException e) {
            throw new JournalException(dir.resolve(StateFile.FILE_NAME), -1, "cannot be read: " + e, e);
        }
    }

    /** Fills {@code into} with the entry of the live branch; false when there is none of this index. */
    public boolean read(long entry, JournalEntry into) {
        return index.holds(entry) && index.read(entry, into);
    }

    /** The entries from this one on, oldest first; an index below the first entry begins with the first. */
    public EntryCursor forward(long from) {
        return new EntryCursor(index, Math.max(from, index.floor() + 1), true);
    }

    /** The entries from this one back, newest first; an index above the last entry begins with the last. */
    public EntryCursor backward(long from) {
        return new EntryCursor(index, Math.min(from, index.last()), false);
    }

    /** The lowest entry that was dropped by a cut met by the last {@link #refresh}, {@link Long#MAX_VALUE} without one. */
    public long lowestCut() {
        return index.lowestCut();
    }

    /** The terms the live branch runs through, oldest first. */
    public List<TermRun> terms() {
        List<TermRun> terms = new ArrayList<>();
        long first = index.first();
        while (first != 0 && first <= index.last()) {
            long term = termAt(first);
            long end = firstOf(first, index.last(), entry -> termAt(entry) != term);
            terms.add(new TermRun(term, first, end - 1));
            first = end;
        }
        return terms;
    }

    /** The newest snapshot, null when there is none; checked. */
    public Snapshot snapshot() {
        return floor == null ? null : SnapshotFile.load(dir, floor);
    }

    /**
     * The first entry that can be dated {@code epochNanos} or later; one behind the last when there is none. A search:
     * within a term one node dates the entries, but clocks of nodes differ, so entries behind it may still be older.
     */
    public long firstIndexSince(long epochNanos) {
        for (TermRun run : terms()) {
            long found = firstOf(run.firstIndex(), run.lastIndex(), entry -> timeAt(entry) >= epochNanos - DISORDER_NANOS);
            if (found <= run.lastIndex()) {
                return found;
            }
        }
        return index.last() + 1;
    }

    /** The last entry that can be dated {@code epochNanos} or earlier, 0 when there is none; see {@link #firstIndexSince}. */
    public long lastIndexUntil(long epochNanos) {
        List<TermRun> terms = terms();
        for (int i = terms.size() - 1; i >= 0; i--) {
            TermRun run = terms.get(i);
            long found = firstOf(run.firstIndex(), run.lastIndex(), entry -> timeAt(entry) > epochNanos + DISORDER_NANOS);
            if (found > run.firstIndex()) {
                return found - 1;
            }
        }
        return 0;
    }

    private long timeAt(long entry) {
        return read(entry, scratch) ? scratch.epochNanos() : Long.MAX_VALUE;
    }

    /** The first of these indices for which it holds, {@code to + 1} when it holds for none; it never ceases to hold. */
    private static long firstOf(long from, long to, LongPredicate holds) {
        long low = from;
        long high = to + 1;
        while (low < high) {
            long middle = low + high >>> 1;
            if (holds.test(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /**
     * The first entry held whose time is not before this, {@link #lastIndex()} + 1 when all are earlier; found by
     * bisection. Where times fall, since another leader's clock was behind, it is one such entry.
     */
    public long indexAt(long epochNanos) {
        return TimeSearch.firstAt(this::read, index.floor() + 1, index.last(), epochNanos);
    }

    /** All records in the order they were written: cuts, and the entries they dropped, included. */
    public RawRecords raw() {
        return new RawRecords(dir);
    }

    /** Lets go of what it has mapped: a file that is deleted keeps its place on the disk until then. */
    @Override
    public void close() {
        files.retireBefore(Integer.MAX_VALUE);
    }
}
