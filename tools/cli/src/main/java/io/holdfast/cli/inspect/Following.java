package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalReader;

/** Owned by the thread that prints: goes on printing what a live node appends, until interrupted or nobody reads. */
final class Following {
    private static final long POLL_MS = 50;
    /** So often an idle follower finds out that nobody reads any more. */
    private static final int POLLS_A_CHECK = 20;

    private final JournalReader reader;
    private final EntryFilter filter;
    private final EntryPrinter printer;
    private final Lines lines;
    private final boolean json;

    Following(JournalReader reader, EntryFilter filter, EntryPrinter printer, Lines lines, boolean json) {
        this.reader = reader;
        this.filter = filter;
        this.printer = printer;
        this.lines = lines;
        this.json = json;
    }

    /** Prints from {@code first} on. A cut is told, since what was printed behind it is no longer part of the journal. */
    void run(long first) throws InterruptedException {
        long next = Math.max(first, 1);
        int idle = 0;
        while (true) {
            filter.locate(reader);
            long last = filter.last();
            if (next <= last) {
                printer.print(reader, next, last, false);
                next = last + 1;
            }
            if (printer.isDone() || filter.hasTo() && reader.lastIndex() > filter.last()) {
                return;
            }
            while (!reader.refresh()) {
                Thread.sleep(POLL_MS);
                if (++idle % POLLS_A_CHECK == 0) {
                    lines.flush();
                    if (lines.isBroken()) {
                        return;
                    }
                }
            }
            if (reader.lowestCut() < next) {
                tellCut(reader.lowestCut(), next - 1);
                next = reader.lowestCut();
            }
        }
    }

    private void tellCut(long from, long to) {
        if (json) {
            lines.add("{\"cutFrom\":").add(from).add(",\"cutTo\":").add(to).add('}').end();
        } else {
            lines.add("---- entries ").add(from).add(" to ").add(to).add(" were cut: a new leader overrode them").end();
        }
    }
}
