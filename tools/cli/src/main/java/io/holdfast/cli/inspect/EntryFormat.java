package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalEntry;

/** One entry as one line. Owned by the thread that prints. */
public interface EntryFormat {
    /** @param packet views the same entry already */
    void print(JournalEntry entry, PacketView packet, Lines to);

    public static EntryFormat of(boolean json) {
        return json ? new EntryJson() : new EntryTable();
    }
}
