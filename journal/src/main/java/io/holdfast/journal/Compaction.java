package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Begun and finished by the journal's writer, stored by any thread in between: a snapshot, the drop of what it stands for,
 * or both, on their way to stable storage.
 *
 * <p>The writer need not be the one that waits for the disk, since others wait for it no longer than 120 ms. The journal is as
 * before until {@link #finish()}; a crash leaves it as before or as after, by the one rename of the {@link Floor}.
 */
public final class Compaction {
    private final Journal journal;
    private final StableStorage storage;
    private final Path dir;
    /** Null: only drops. */
    private final Snapshot fresh;
    private final Floor next;
    private boolean stored;

    Compaction(Journal journal, StableStorage storage, Path dir, Snapshot fresh, Floor next) {
        this.journal = journal;
        this.storage = storage;
        this.dir = dir;
        this.fresh = fresh;
        this.next = next;
    }

    /** From the floor there is now; see {@link Journal#compaction}. */
    static Compaction of(Journal journal, StableStorage storage, Path dir, Floor floor, CycleFiles files, EntryIndex index,
            Snapshot fresh, long from) {
        if (fresh != null && (fresh.index() > journal.commitIndex() || fresh.index() <= floor.snapshot()
                || fresh.term() != journal.termAt(fresh.index()))) {
            throw new IllegalArgumentException("no snapshot of entry " + fresh.index() + ", term " + fresh.term()
                    + ": committed up to " + journal.commitIndex() + ", the last one is of entry " + floor.snapshot()
                    + ", the entry's term is " + journal.termAt(fresh.index()));
        }
        Floor next = fresh == null ? floor : floor.withSnapshot(fresh.index(), fresh.term());
        if (from - 1 > next.snapshot()) {
            throw new IllegalArgumentException("cannot drop before " + from + ": the snapshot covers entries up to "
                    + next.snapshot());
        }
        if (from - 1 > floor.index()) {
            FileStart start = from <= index.last() ? files.get(index.ordinal(from)).start() : files.last().start();
            next = new Floor(from - 1, journal.termAt(from - 1), start, start.equals(floor.start()) && floor.restarted(),
                    next.snapshot(), next.snapshotTerm());
        }
        return new Compaction(journal, storage, dir, fresh, next);
    }

    Snapshot fresh() {
        return fresh;
    }

    Floor next() {
        return next;
    }

    /** On stable storage when this returns. Everything named by the floor is forced first, then the floor. Once is enough. */
    public synchronized void store() {
        if (stored) {
            return;
        }
        journal.checkUsable();
        try {
            if (fresh != null) {
                SnapshotFile.store(storage, dir, fresh);
            }
            next.store(storage, dir);
            if (fresh != null) {
                SnapshotFile.removeOthers(storage, dir, fresh.index());
            }
            stored = true;
        } catch (IOException | RuntimeException | Error e) {
            journal.failed(e);
            throw new JournalException(dir, -1, DiskSpace.fullFor(dir, fresh == null ? DiskSpace.SPARE_BYTES
                    : Math.max(fresh.bytes().length, DiskSpace.SPARE_BYTES)) + "storing the snapshot or the floor failed, the journal stops: " + e, e);
        }
    }

    /** Writer, after {@link #store()}: the journal begins where this says. */
    public void finish() {
        journal.finish(this);
    }
}
