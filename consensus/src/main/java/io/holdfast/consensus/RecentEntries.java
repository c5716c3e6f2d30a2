package io.holdfast.consensus;

/**
 * Owned by whoever has the turn: the leader's newest entries in the form in which they travel, one behind the other, so
 * that a follower that is a little behind the others is sent what it lacks without the journal being read.
 *
 * <p>Kept in two runs. When the newer one is full the older one is forgotten and begun again as the newer, so at least one
 * run's bytes are always here; a message ends where a run does.
 */
final class RecentEntries {
    private static final int MAX_ENTRIES = 8192;

    private static final class Run {
        final EntryBatch entries = new EntryBatch();
        /** Where each entry begins, and behind the last one where it ends. */
        final int[] offsets = new int[MAX_ENTRIES + 1];
        long firstIndex;

        void begin(long index) {
            entries.clear();
            firstIndex = index;
        }

        long nextIndex() {
            return firstIndex + entries.count();
        }

        boolean holds(long index) {
            return index >= firstIndex && index < nextIndex();
        }

        int place(long index) {
            return (int) (index - firstIndex);
        }

        int bytesFrom(long index) {
            return entries.bytes() - offsets[place(index)];
        }
    }

    private final int runBytes;
    private Run older = new Run();
    private Run newer = new Run();

    RecentEntries(int runBytes) {
        this.runBytes = runBytes;
    }

    /** Begins anew where the entry does not follow the last one: what was in here is in the journal. */
    void add(long index, long term, byte[] command, int offset, int length) {
        if (index != newer.nextIndex()) {
            older.begin(index);
            newer.begin(index);
        } else if (newer.entries.bytes() >= runBytes || newer.entries.count() == MAX_ENTRIES) {
            Run fresh = older;
            older = newer;
            newer = fresh;
            newer.begin(index);
        }
        newer.entries.add(term, false, command, offset, length);
        newer.offsets[newer.entries.count()] = newer.entries.bytes();
    }

    boolean holds(long index) {
        return newer.holds(index) || older.holds(index);
    }

    private Run runOf(long index) {
        return newer.holds(index) ? newer : older;
    }

    /** How many bytes the entries from this one on have, on their way; none when it is not here. */
    int bytesFrom(long index) {
        if (newer.holds(index)) {
            return newer.bytesFrom(index);
        }
        return older.holds(index) ? older.bytesFrom(index) + newer.entries.bytes() : 0;
    }

    /** The last entry of a message that begins with this one: with so many bytes, or with one entry that is longer. */
    long endOfMessage(long from, int maxBytes) {
        Run run = runOf(from);
        int limit = run.offsets[run.place(from)] + maxBytes;
        int low = run.place(from) + 1;
        int high = run.entries.count();
        while (low < high) { // the highest place that ends within the limit
            int middle = low + high + 1 >>> 1;
            if (run.offsets[middle] <= limit) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return run.firstIndex + low - 1;
    }

    /** Where the message that begins with this entry is. */
    byte[] buffer(long from) {
        return runOf(from).entries.buffer();
    }

    int offset(long from) {
        Run run = runOf(from);
        return run.offsets[run.place(from)];
    }

    /** Of a message, which {@link #endOfMessage} ended. */
    int bytes(long from, long to) {
        Run run = runOf(from);
        return run.offsets[run.place(to) + 1] - run.offsets[run.place(from)];
    }

    long checksum(long from, long to) {
        EntryBatch entries = runOf(from).entries;
        return entries.checksum(entries.buffer(), offset(from), bytes(from, to));
    }
}
