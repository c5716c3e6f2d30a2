package io.holdfast.journal;

import java.nio.file.Path;

/**
 * Owned by one thread at a time: the records of a journal in the order they were written, dead branches and cuts too.
 *
 * <p>It begins with the oldest file there, so also with entries below the floor that are still stored. When the writer
 * drops the file it stands in, it ends with a {@link JournalException}.
 */
public final class RawRecords {
    private final RecordWalk walk;

    RawRecords(Path dir) {
        Floor floor = Floor.load(dir);
        this.walk = new RecordWalk(CycleFiles.list(dir, floor == null ? 0 : floor.start().cycle()), new EntryIndex(),
                floor == null ? null : floor.start(), true);
    }

    /** From the first record of the journal on; unlike a reader's it asks nothing of what comes later. */
    public static RawRecords open(Path dir) {
        return new RawRecords(dir);
    }

    /**
     * The next record, or false when nothing more has been written so far; it may be asked again later. A record of kind
     * {@link EntryKind#TAIL_CUT} drops the entries from its index up to {@link #droppedThrough}.
     */
    public boolean next(JournalEntry into) {
        return walk.next(into) != RecordWalk.Step.END;
    }

    /** The last entry a cut dropped. */
    public static long droppedThrough(JournalEntry cut) {
        if (cut.kind() != EntryKind.TAIL_CUT) {
            throw new IllegalArgumentException("no cut: " + cut.kind());
        }
        return TailCut.droppedThrough(cut);
    }

    /** The file of the record read last. */
    public Path file() {
        return walk.recordFile().path();
    }

    /** Where in {@link #file()} the record read last starts. */
    public long offsetBytes() {
        return walk.recordPosition();
    }
}
