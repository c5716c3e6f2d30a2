package io.holdfast.cli.inspect.diff;

import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Owned by the thread that runs it, once: compares the live branches of journals entry by entry, where all hold entries.
 *
 * <p>Nothing is taken on trust: Raft's log matching says that logs with one entry in common are the same up to it, and
 * whether that holds is what an auditor asks. Chain values do not help, since each node's chain covers its own cuts.
 */
final class Comparison {
    /** How far journals agree, the worst last. */
    enum Verdict {
        /** Every entry of each is in the others. */
        SAME,
        /** What all hold is the same, but one begins later or ends earlier. */
        LENGTH,
        /** Entries differ that at most one of the nodes says were committed: the others were about to be cut off. */
        TAIL,
        /** Entries differ that two nodes say were committed: what must never happen. */
        COMMITTED
    }

    static final int KEPT = 5;

    private final List<JournalReader> readers;
    private final JournalEntry[] entries;
    private final List<Long> differing = new ArrayList<>();
    private final long[] committed;
    private long first;
    private long last;
    private long differences;
    private boolean committedDiffer;

    Comparison(List<JournalReader> readers) {
        this.readers = readers;
        entries = readers.stream().map(reader -> new JournalEntry()).toArray(JournalEntry[]::new);
        committed = readers.stream().mapToLong(reader -> Math.min(reader.lastIndex(), reader.commitIndex())).toArray();
    }

    Comparison run(Progress progress) {
        first = readers.stream().mapToLong(reader -> reader.firstIndex() == 0 ? Long.MAX_VALUE : reader.firstIndex()).max().orElseThrow();
        last = readers.stream().mapToLong(JournalReader::lastIndex).min().orElseThrow();
        List<EntryCursor> cursors = readers.stream().map(reader -> reader.forward(first)).toList();
        for (long index = first; index <= last; index++) {
            progress.step();
            for (int i = 0; i < entries.length; i++) {
                if (!cursors.get(i).next(entries[i]) || entries[i].index() != index) {
                    last = index - 1; // its writer has cut it meanwhile
                    return this;
                }
            }
            if (!allSame()) {
                differs(index);
            }
        }
        return this;
    }

    private void differs(long index) {
        differences++;
        for (int i = 0; i < entries.length; i++) {
            for (int j = 0; j < i; j++) {
                committedDiffer |= index <= committed[i] && index <= committed[j] && !same(entries[i], entries[j]);
            }
        }
        if (differing.size() < KEPT) {
            differing.add(index);
        }
    }

    private boolean allSame() {
        for (int i = 1; i < entries.length; i++) {
            if (!same(entries[0], entries[i])) {
                return false;
            }
        }
        return true;
    }

    static boolean same(JournalEntry one, JournalEntry other) {
        return one.term() == other.term() && one.internal() == other.internal() && Arrays.equals(one.buffer(), one.commandOffset(),
                one.commandOffset() + one.commandLength(), other.buffer(), other.commandOffset(), other.commandOffset() + other.commandLength());
    }

    Verdict verdict() {
        if (committedDiffer) {
            return Verdict.COMMITTED;
        }
        if (differences > 0) {
            return Verdict.TAIL;
        }
        boolean alike = readers.stream().allMatch(reader -> reader.lastIndex() == last && Math.max(1, reader.firstIndex()) == Math.max(1,
                first));
        return alike || allEmpty() ? Verdict.SAME : Verdict.LENGTH;
    }

    private boolean allEmpty() {
        return readers.stream().allMatch(reader -> reader.firstIndex() == 0);
    }

    /** The first entry all hold; behind {@link #last} when there is none. */
    long first() {
        return first;
    }

    /** The last entry all hold. */
    long last() {
        return last;
    }

    /** How many entries differ. */
    long differences() {
        return differences;
    }

    /** The first of those that differ, a few. */
    List<Long> differing() {
        return differing;
    }

    long committed(int journal) {
        return committed[journal];
    }
}
