package io.holdfast.consensus;

/**
 * Owned by whoever has the turn: the leader's newest entries in the form in which they travel, one behind the other, so
 * that a follower that is a little behind the others is sent what it lacks without the journal being read.
 */
final class RecentEntries {
    private static final int MAX_ENTRIES = 8192;

    private final int capacityBytes;
    private final EntryBatch entries = new EntryBatch();
    /** Where each begins, and behind the last one where it ends. */
    private final int[] offsets = new int[MAX_ENTRIES + 1];
    private long firstIndex;

    RecentEntries(int capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    /** Begins anew where the entry does not follow the last one, or where there is no room: what was in here is in the journal. */
    void add(long index, long term, byte[] command, int offset, int length) {
        if (index != nextIndex() || entries.bytes() >= capacityBytes || entries.count() == MAX_ENTRIES) {
            entries.clear();
            firstIndex = index;
        }
        entries.add(term, false, command, offset, length);
        offsets[entries.count()] = entries.bytes();
    }

    private long nextIndex() {
        return firstIndex + entries.count();
    }

    boolean holds(long index) {
        return index >= firstIndex && index < nextIndex();
    }

    /** The last entry of a message that begins with this one: with so many bytes, or with one entry that is longer. */
    long endOfMessage(long from, int maxBytes) {
        int limit = offsets[place(from)] + maxBytes;
        int low = place(from) + 1;
        int high = entries.count();
        while (low < high) { // the highest place that ends within the limit
            int middle = low + high + 1 >>> 1;
            if (offsets[middle] <= limit) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return firstIndex + low - 1;
    }

    byte[] buffer() {
        return entries.buffer();
    }

    int offset(long index) {
        return offsets[place(index)];
    }

    int bytes(long from, long to) {
        return offsets[place(to) + 1] - offsets[place(from)];
    }

    private int place(long index) {
        return (int) (index - firstIndex);
    }

    long checksum(long from, long to) {
        return entries.checksum(entries.buffer(), offset(from), bytes(from, to));
    }
}
