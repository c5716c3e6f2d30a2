package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Owned by one thread at a time: reads a journal beside its live writer, or after it, and writes nothing at all.
 *
 * <p>It sees what had been appended when it was opened or last refreshed, from the floor on. Every record is checked as
 * it is met; damage is a {@link JournalException} that names file and position. An archive of dropped files is read in
 * the same way: it begins with the first record there.
 */
public final class JournalReader implements AutoCloseable {
    private final Path dir;
    private final JournalEntry scratch = new JournalEntry();
    private Floor floor;
    private CycleFiles files;
    private EntryIndex index;
    private RecordWalk walk;

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
        index = new EntryIndex();
        walk = new RecordWalk(files, index, from == null ? null : from.start(), true);
    }

    /** Takes up what has been appended, cut or dropped since; true when there was anything. */
    public boolean refresh() {
        boolean any = false;
        while (true) {
            try {
                any |= followFloor();
                while (walk.next(scratch) != RecordWalk.Step.END) {
                    any = true;
                }
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
        if (now.restarted() && !now.start().equals(floor.start()) || now.start().cycle() > walk.cycle()) {
            begin(now);
        } else {
            floor = now;
            files.retireBefore(now.start().cycle());
        }
        return true;
    }

    private void raise(Floor to) {
        if (to != null && to.index() > index.floor() && to.index() <= index.last()) {
            index.raiseFloor(to.index(), to.term());
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
        return index.termAt(entry);
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
        return index.holds(entry) && files.read(index.place(entry), into);
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
