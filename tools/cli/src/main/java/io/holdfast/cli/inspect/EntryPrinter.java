package io.holdfast.cli.inspect;

import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;

/** Owned by the thread that prints: the entries a filter means, line by line. */
final class EntryPrinter {
    private final EntryFilter filter;
    private final EntryFormat format;
    private final Lines lines;
    private final JournalEntry entry = new JournalEntry();
    private final PacketView packet = new PacketView();
    private long left;

    EntryPrinter(EntryFilter filter, EntryFormat format, Lines lines, long limit) {
        this.filter = filter;
        this.format = format;
        this.lines = lines;
        this.left = limit;
    }

    /** Prints from {@code first} to {@code last}, or the other way round. */
    void print(JournalReader reader, long first, long last, boolean reverse) {
        if (first > last) {
            return;
        }
        EntryCursor cursor = reverse ? reader.backward(last) : reader.forward(first);
        while (!isDone() && cursor.next(entry)) {
            if (entry.index() < first || entry.index() > last) {
                break;
            }
            packet.view(entry);
            if (filter.matches(entry, packet)) {
                format.print(entry, packet, lines);
                left--;
            }
        }
        lines.flush();
    }

    /** Whether as many were printed as were asked for, or nobody reads any more. */
    boolean isDone() {
        return left <= 0 || lines.isBroken();
    }
}
