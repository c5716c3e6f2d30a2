package io.holdfast.journal;

/** Finding an entry by the time in its command, by bisection: some thirty reads. Stateless; any thread. */
final class TimeSearch {
    private TimeSearch() {
    }

    /** Where entries are read from. */
    interface Entries {
        boolean read(long index, JournalEntry into);
    }

    /**
     * The first entry from {@code first} to {@code last} whose time is not before this, {@code last + 1} when all are. Times
     * come from the clocks of different leaders and may fall where one follows another; then it is an entry of that time or
     * later behind one of an earlier time.
     */
    static long firstAt(Entries entries, long first, long last, long epochNanos) {
        JournalEntry entry = new JournalEntry();
        long low = first;
        long high = last + 1;
        while (low < high) {
            long middle = low + high >>> 1;
            // One that has been dropped since lies before.
            if (!entries.read(middle, entry) || entry.epochNanos() < epochNanos) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
