package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalEntry;

/** One entry as one line. Owned by the thread that prints. */
interface EntryFormat {
    /** @param packet views the same entry already */
    void print(JournalEntry entry, PacketView packet, Lines to);

    static EntryFormat of(boolean json) {
        return json ? new EntryJson() : new EntryTable();
    }
}
