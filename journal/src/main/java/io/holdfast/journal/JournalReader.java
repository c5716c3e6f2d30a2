package io.holdfast.journal;

import java.nio.file.Path;

/** Owned by the thread that opened it: reads a journal without writing anything, beside a live writer if need be. */
public final class JournalReader implements AutoCloseable {
    private final Journal journal;

    private JournalReader(Journal journal) {
        this.journal = journal;
    }

    public static JournalReader open(Path dir) {
        return new JournalReader(Journal.open(dir, JournalOptions.DEFAULT));
    }

    public long firstIndex() {
        return journal.firstIndex();
    }

    public long lastIndex() {
        return journal.lastIndex();
    }

    public boolean read(long index, JournalEntry into) {
        return journal.read(index, into);
    }

    @Override
    public void close() {
        journal.close();
    }
}
