package io.holdfast.journal;

import java.nio.file.Path;

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

    public static Report verify(Path dir) {
        EntryIndex index = new EntryIndex();
        long records = 0;
        long cuts = 0;
        JournalException damage = null;
        try {
            long committed = JournalReader.committed(dir);
            RecordWalk walk = new RecordWalk(CycleFiles.list(dir), index, true);
            JournalEntry entry = new JournalEntry();
            RecordWalk.Step step;
            while ((step = walk.next(entry)) != RecordWalk.Step.END) {
                records++;
                cuts += step == RecordWalk.Step.CUT ? 1 : 0;
            }
            if (committed > index.last()) {
                damage = new JournalException(dir, -1, "the journal ends with entry " + index.last()
                        + " but entries up to " + committed + " were committed");
            }
        } catch (JournalException e) {
            damage = e;
        }
        return new Report(records, cuts, index.last(), index.lastTerm(), damage);
    }
}
