package io.holdfast.journal;

/**
 * Owned by the thread that reads with its {@link JournalEntry}: where the entry behind the one read last stands, if nothing
 * but entries comes between, and up to which entry that is known.
 */
final class Spot {
    private EntryIndex of;
    private int branch;
    private long index;
    private long place;
    private long through;

    /** Whether the entry is found from here on, at once or by a few steps. */
    boolean leadsTo(long entry, EntryIndex entries, int itsBranch) {
        return entry >= index && entry <= through && entry - index < EntryIndex.MARKED_ENTRIES && of == entries && branch == itsBranch;
    }

    /** Whether it stands nearer to an entry than this one before it, from which nothing else lies between. */
    boolean isBehind(long from, long entry, EntryIndex entries, int itsBranch) {
        return index > from && index <= entry && of == entries && branch == itsBranch;
    }

    void set(EntryIndex entries, int itsBranch, long at, long itsPlace, long leadsThrough) {
        of = entries;
        branch = itsBranch;
        index = at;
        place = itsPlace;
        through = leadsThrough;
    }

    void leadsThrough(long entry) {
        through = entry;
    }

    /** Behind an entry that was read. */
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
