package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Checks a whole journal without writing to it: frames, checksums, chain, gapless indices, rising terms, cuts, files that
 * are missing, entries that were finished once and are gone. Stateless; any thread.
 */
public final class JournalVerifier {
    /**
     * What was found.
     *
     * @param records   whole records before the first damage, cuts included
     * @param cuts      how many of them are cuts
     * @param lastIndex the last entry of the live branch
     * @param lastTerm  its term
     * @param damage    the first damage, or null when the journal is whole
     */
    public record Report(long records, long cuts, long lastIndex, long lastTerm, JournalException damage) {
        public boolean whole() {
            return damage == null;
        }
    }

    private JournalVerifier() {
    }

    /** Beside a live writer, too: when it drops files meanwhile, the check begins again. */
    public static Report verify(Path dir) {
        Floor floor;
        Report report;
        do {
            floor = load(dir);
            report = verify(dir, floor);
        } while (!report.whole() && !Objects.equals(load(dir), floor));
        return report;
    }

    /** Null also when it is damaged: {@link #verify(Path, Floor)} finds that again. */
    private static Floor load(Path dir) {
        try {
            return Floor.load(dir);
        } catch (JournalException e) {
            return null;
        }
    }

    private static Report verify(Path dir, Floor floor) {
        EntryIndex index = new EntryIndex();
        long records = 0;
        long cuts = 0;
        JournalException damage = null;
        try {
            long committed = JournalReader.committed(dir);
            Floor now = Floor.load(dir);
            if (now != null && floor != null) {
                SnapshotFile.load(dir, floor);
            }
            ForcedMark mark = ForcedMark.load(KernelStorage.INSTANCE, dir);
            CycleFiles files = CycleFiles.list(dir, floor == null ? 0 : floor.start().cycle());
            RecordWalk walk = new RecordWalk(files, index, floor == null ? null : floor.start(), true);
            JournalEntry entry = new JournalEntry();
            RecordWalk.Step step;
            while ((step = walk.next(entry)) != RecordWalk.Step.END) {
                records++;
                cuts += step == RecordWalk.Step.CUT ? 1 : 0;
            }
            if (Math.max(committed, floor == null ? 0 : floor.snapshot()) > index.last()) {
                damage = new JournalException(dir, -1, "the journal ends with entry " + index.last()
                        + " but entries up to " + committed + " were committed");
            }
            CycleFile newest = files.last();
            String lacking = mark.lacking(newest != null ? newest.cycle() : floor == null ? -1 : floor.start().cycle(),
                    walk.tailPosition(), index.last());
            if (damage == null && lacking != null) {
                damage = new JournalException(newest == null ? dir : newest.path(), walk.tailPosition(), lacking);
            }
        } catch (IOException e) {
            damage = new JournalException(dir, -1, "cannot be read: " + e, e);
        } catch (JournalException e) {
            damage = e;
        }
        return new Report(records, cuts, index.last(), index.lastTerm(), damage);
    }
}
