package io.holdfast.cli.inspect;

import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalException;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.RawRecords;
import io.holdfast.journal.Snapshot;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Writes the good part of a journal anew: its entries and cuts, in a chain of their own. Stateless. */
final class CleanCopy {
    private CleanCopy() {
    }

    /** Whether a copy can be put there: nothing is, or an empty directory. */
    static boolean isFree(Path to) throws IOException {
        if (!Files.exists(to)) {
            return true;
        }
        try (Stream<Path> files = Files.list(to)) {
            return files.findAny().isEmpty();
        }
    }

    /**
     * Copies entries up to {@code last}; returns the last one copied.
     *
     * <p>The journal is damaged behind {@code last}, so it is read record by record from its beginning.
     */
    static long write(Path from, Path to, long last, long committed, Snapshot snapshot) throws IOException {
        try (OutputFile output = OutputFile.directory(to)) {
            long copied = copy(from, output, last, committed, snapshot);
            output.done();
            return copied;
        }
    }

    private static long copy(Path from, OutputFile to, long last, long committed, Snapshot snapshot) throws InterruptedIOException {
        try (Journal copy = Journal.open(to.partial(), JournalOptions.DEFAULT)) {
            if (snapshot != null) {
                copy.installSnapshot(snapshot.index(), snapshot.term(), snapshot.bytes());
            }
            RawRecords records = RawRecords.open(from);
            JournalEntry entry = new JournalEntry();
            try {
                while (records.next(entry) && (entry.index() <= last || entry.kind().code() >= 100)) {
                    if (to.isAbandoned()) {
                        throw new InterruptedIOException("stopped by a signal");
                    }
                    take(entry, copy);
                }
            } catch (JournalException damage) {
                // What is behind it is what the copy leaves out.
            }
            copy.commitIndex(Math.max(copy.commitIndex(), Math.min(committed, copy.lastIndex())));
            copy.sync();
            return copy.lastIndex();
        }
    }

    private static void take(JournalEntry entry, Journal copy) {
        switch (entry.kind()) {
            case TAIL_CUT -> {
                if (entry.index() <= copy.lastIndex() && entry.index() > copy.floorIndex()) {
                    copy.cutTail(entry.index());
                }
            }
            case RESTART -> {
                // The copy begins behind the snapshot that says the same.
            }
            default -> {
                if (entry.index() == copy.lastIndex() + 1) {
                    copy.append(entry.term(), entry.internal(), entry.buffer(), entry.commandOffset(), entry.commandLength());
                }
            }
        }
    }
}
