package io.holdfast.cli.inspect.diff;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.RawRecords;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;

/** The branches a journal has cut off; immutable. Keeps the newest. */
record Cuts(long count, List<Cut> newest) {
    private static final int KEPT = 5;

    /** Entries {@code from} to {@code to}, the last of them of {@code term}, were dropped. */
    record Cut(long from, long to, long term) {
    }

    static Cuts of(Path journal) {
        ArrayDeque<Cut> newest = new ArrayDeque<>();
        long count = 0;
        RawRecords records = RawRecords.open(journal);
        JournalEntry record = new JournalEntry();
        while (records.next(record)) {
            if (record.kind() == EntryKind.TAIL_CUT) {
                count++;
                newest.addLast(new Cut(record.index(), RawRecords.droppedThrough(record), record.term()));
                if (newest.size() > KEPT) {
                    newest.removeFirst();
                }
            }
        }
        return new Cuts(count, List.copyOf(newest));
    }
}
