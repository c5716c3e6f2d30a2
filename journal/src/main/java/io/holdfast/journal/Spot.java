package io.holdfast.journal;

/**
 * Owned by the thread that reads with its {@link JournalEntry}: where the entry read last stands, so that the next one is
 * found right behind it.
 */
final class Spot {
    private EntryIndex of;
    private int branch;
    private long index;
    private long place;

    /** Whether it stands between these entries of this index, or on one of them. */
    boolean isBetween(EntryIndex entries, int itsBranch, long from, long to) {
        return of == entries && branch == itsBranch && index >= from && index <= to;
    }

    void set(EntryIndex entries, int itsBranch, long at, long itsPlace) {
        of = entries;
        branch = itsBranch;
        index = at;
        place = itsPlace;
    }

    /** On to another entry of the same file. */
    void move(long to, long toPlace) {
        index = to;
        place = toPlace;
    }

    void forget() {
        of = null;
    }

    int branch() {
        return branch;
    }

    long index() {
        return index;
    }

    long place() {
        return place;
    }
}
