package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Owned by one thread at a time: reads a journal beside its live writer, or after it, and writes nothing at all.
 *
 * <p>It sees what had been appended when it was opened or last refreshed. Every record is checked as it is met; damage
 * is a {@link JournalException} that names file and position.
 */
public final class JournalReader implements AutoCloseable {
    private final Path dir;
    private final CycleFiles files;
    private final EntryIndex index = new EntryIndex();
    private final RecordWalk walk;
    private final JournalEntry scratch = new JournalEntry();

    private JournalReader(Path dir) {
        this.dir = dir;
        this.files = CycleFiles.list(dir);
        this.walk = new RecordWalk(files, index, true);
    }

    public static JournalReader open(Path dir) {
        if (!Files.isDirectory(dir)) {
            throw new JournalException(dir, -1, "no such directory");
        }
        JournalReader reader = new JournalReader(dir);
        reader.refresh();
        return reader;
    }

    /** Takes up what has been appended or cut since; true when there was anything. */
    public boolean refresh() {
        boolean any = false;
        while (walk.next(scratch) != RecordWalk.Step.END) {
            any = true;
        }
        return any;
    }

    /** The first entry held, 0 when there is none. */
    public long firstIndex() {
        return index.first();
    }

    /** The last entry, 0 when there is none. */
    public long lastIndex() {
        return index.last();
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
        if (entry < 1 || entry > index.last()) {
            return false;
        }
        files.read(index.place(entry), into);
        return true;
    }

    /** All records in the order they were written: cuts, and the entries they dropped, included. */
    public RawRecords raw() {
        return new RawRecords(dir);
    }

    /** Nothing is held open: the mappings go with the object. */
    @Override
    public void close() {
        // See above.
    }
}
