package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Has no state: what any journal must be after a crash, whatever had been done to it. */
final class AfterCrash {
    private AfterCrash() {
    }

    /** Floor, snapshot, commit index and last entry go together. Returns what the snapshot covers, 0 without one. */
    static long checkBounds(Journal journal) {
        long snapshot = journal.snapshot() == null ? 0 : journal.snapshot().index();
        assertThat(journal.floorIndex()).as("the floor stands on the snapshot").isBetween(0L, snapshot);
        assertThat(journal.lastIndex()).as("the snapshot, of entry %d, is not ahead", snapshot).isGreaterThanOrEqualTo(snapshot);
        assertThat(journal.commitIndex()).isBetween(snapshot, journal.lastIndex());
        return snapshot;
    }

    /** From the floor up to an entry all are there, and the commands are of these numbers, by index. */
    static void checkEntries(Journal journal, List<Long> numbers, long to) {
        JournalEntry entry = new JournalEntry();
        for (long index = journal.floorIndex() + 1; index <= to; index++) {
            assertThat(journal.read(index, entry)).as("entry %d is held; floor %d, last %d", index, journal.floorIndex(),
                    journal.lastIndex()).isTrue();
            assertThat(Commands.isNumbered(entry, numbers.get((int) index))).as("entry %d is number %d and whole; it says %d",
                    index, numbers.get((int) index), entry.epochNanos()).isTrue();
        }
    }

    /** What was closed and is read without opening it: whole, and the audit finds nothing. */
    static void checkFiles(Path dir) throws IOException {
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
        new JournalAudit(dir, new JournalAudit.Visitor() {
            @Override
            public void onRecord(JournalEntry record, Path file, long offsetBytes) {
                // Only violations count here.
            }

            @Override
            public void onViolation(Violation violation) {
                throw new AssertionError(violation.toString());
            }
        }).run();
    }
}
