package io.holdfast.journal;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Changed by one thread, read by any: where the live branch of the log stands, by index, and which terms it runs through.
 *
 * <p>Of {@link #MARKED_ENTRIES} entries the place of one is kept, in pages that never move; the others are found from it by
 * the lengths of the records between. Where something else stands between, at the beginning of a file, behind a cut, behind
 * a table of Chronicle's, the place is kept as well, as a jump (index, place). Terms are runs (first index, term). Both are
 * rare, so they are copied when they change and read without a lock. The last index is written last and read first. Entries
 * up to the floor are not held; the walk over the files may have met them all the same.
 */
final class EntryIndex {
    /** What the index leads to. */
    interface Records {
        /** Goes on from the spot to an entry and reads it; false when it was dropped. */
        boolean read(Spot spot, long index, JournalEntry into);
    }

    private static final int MARK_SHIFT = 5;
    static final int MARKED_ENTRIES = 1 << MARK_SHIFT;
    private static final int PAGE_MARKS = 1 << 12;
    private static final int PAGE_SHIFT = MARK_SHIFT + 12;
    private static final long NO_PLACE = -1;

    private volatile AtomicLongArray[] pages = new AtomicLongArray[0];
    /** Pairs of index and place, rising by index. */
    private volatile long[] jumps = new long[0];
    /** Pairs of first index and term, ascending in both. */
    private volatile long[] runs = new long[0];
    /** Index and term of the last entry no longer held. */
    private volatile long[] floor = {0, 0};
    private volatile long last;
    /** Raised when entries are cut: what was found before may be of the branch that is dropped. */
    private volatile int branch;
    /** Where the next entry stands when nothing comes between. */
    private long expected = NO_PLACE;

    /** The first entry held, 0 when there is none. */
    long first() {
        long below = floor[0];
        return last <= below ? 0 : below + 1;
    }

    /** The last entry there is or was: held, or below the floor. */
    long last() {
        return last;
    }

    long floor() {
        return floor[0];
    }

    long floorTerm() {
        return floor[1];
    }

    /** The term of {@link #last()}, 0 when it is not known. */
    long lastTerm() {
        return termOf(last, runs);
    }

    boolean holds(long index) {
        return index > floor[0] && index <= last;
    }

    /** The term of this entry or of the floor, 0 when there is none. */
    long termAt(long index) {
        // Runs first: a cut lowers the last index before it drops runs, so these runs cover what the check lets pass.
        long[] now = runs;
        long[] below = floor;
        if (index == below[0]) {
            return below[1];
        }
        return holds(index) ? termOf(index, now) : 0;
    }

    private static long termOf(long index, long[] runs) {
        int run = pairOf(index, runs);
        return run < 0 ? 0 : runs[run + 1];
    }

    /** Where the last pair begins whose first number is not above this; -1 when there is none. */
    private static int pairOf(long index, long[] pairs) {
        int low = 0;
        int high = pairs.length / 2 - 1;
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if (pairs[2 * middle] <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return high < 0 || pairs[0] > index ? -1 : 2 * low;
    }

    /** Fills in the entry; false when it is not held, or its file was dropped meanwhile. */
    boolean read(long index, Records files, JournalEntry into) {
        Spot spot = into.spot();
        while (find(index, spot)) {
            try {
                return files.read(spot, index, into);
            } catch (JournalException e) {
                boolean cutMeanwhile = spot.branch() != branch;
                spot.forget();
                if (!cutMeanwhile) {
                    throw e;
                }
            }
        }
        return false;
    }

    /**
     * Sets the spot on the entry or on one before it, with nothing but entries between, unless it stands there already;
     * false when the entry is not held. The branch is read first and raised behind the last index: whoever finds the new
     * branch finds nothing that was cut.
     */
    boolean find(long index, Spot spot) {
        int now = branch;
        long end = last;
        if (index <= floor[0] || index > end) {
            return false;
        }
        return spot.leadsTo(index, this, now) || look(index, spot, now, end);
    }

    private boolean look(long index, Spot spot, int now, long end) {
        long from = index & -MARKED_ENTRIES;
        long[] known = jumps;
        int jump = pairOf(index, known);
        boolean jumped = jump >= 0 && known[jump] >= from;
        if (jumped) {
            from = known[jump];
        }
        int next = jump < 0 ? 0 : jump + 2;
        long through = next < known.length ? Math.min(end, known[next] - 1) : end;
        if (spot.isBehind(from, index, this, now)) {
            spot.leadsThrough(through);
            return true;
        }
        long place = jumped ? known[jump + 1] : marked(from);
        if (place == NO_PLACE) {
            return false; // dropped meanwhile
        }
        spot.set(this, now, from, place, through);
        return true;
    }

    private long marked(long index) {
        AtomicLongArray[] now = pages;
        int page = (int) (index >>> PAGE_SHIFT);
        AtomicLongArray marks = page < now.length ? now[page] : null;
        return marks == null ? NO_PLACE : marks.getAcquire(slot(index));
    }

    private static int slot(long index) {
        return (int) (index >>> MARK_SHIFT) & PAGE_MARKS - 1;
    }

    /** Whether the walk over the files met this entry, which the floor may cover. Changing thread. */
    boolean met(long index) {
        return index <= last && pairOf(index, jumps) >= 0;
    }

    /** The file in which a held entry stands. Changing thread. */
    int ordinal(long index) {
        Spot spot = new Spot();
        if (!find(index, spot)) {
            throw new IllegalArgumentException("entry " + index + " is not held");
        }
        return CycleFiles.ordinal(spot.place());
    }

    /** The log goes on behind this entry: of what was there before nothing counts any more. Holds nothing. */
    void begin(long index, long term) {
        last = index;
        branch++;
        jumps = new long[0];
        expected = NO_PLACE;
        runs = index == 0 ? new long[0] : new long[] {index, term};
        pages = new AtomicLongArray[0];
    }

    /** The next entry. */
    void append(long term, long place, int recordBytes) {
        long index = last + 1;
        if (place != expected) {
            jumps = with(jumps, index, place);
        }
        // Behind a record stand zeros up to the next multiple of four, then a document's header, or four zero bytes.
        expected = RecordWalk.afterGap(place + recordBytes);
        if ((index & MARKED_ENTRIES - 1) == 0) {
            mark(index, place);
        }
        long[] now = runs;
        if (now.length == 0 || now[now.length - 1] != term) {
            runs = with(now, index, term);
        }
        last = index;
    }

    private void mark(long index, long place) {
        int page = (int) (index >>> PAGE_SHIFT);
        if (page >= pages.length || pages[page] == null) {
            AtomicLongArray[] grown = Arrays.copyOf(pages, Math.max(pages.length, page + 1));
            grown[page] = new AtomicLongArray(PAGE_MARKS);
            pages = grown;
        }
        pages[page].setRelease(slot(index), place);
    }

    private static long[] with(long[] pairs, long first, long second) {
        long[] grown = Arrays.copyOf(pairs, pairs.length + 2);
        grown[pairs.length] = first;
        grown[pairs.length + 1] = second;
        return grown;
    }

    /** Drops this entry and all after it. */
    void cut(long from) {
        last = from - 1;
        branch++;
        expected = NO_PLACE;
        runs = before(from, runs);
        jumps = before(from, jumps);
    }

    private static long[] before(long index, long[] pairs) {
        int keep = pairs.length;
        while (keep > 0 && pairs[keep - 2] >= index) {
            keep -= 2;
        }
        return keep < pairs.length ? Arrays.copyOf(pairs, keep) : pairs;
    }

    /** Entries up to this one are no longer held; the floor never falls. */
    void raiseFloor(long index, long term) {
        floor = new long[] {index, term};
        AtomicLongArray[] kept = pages.clone();
        Arrays.fill(kept, 0, Math.min(kept.length, (int) (index >>> PAGE_SHIFT)), null);
        pages = kept;
        runs = from(index, runs);
        jumps = from(index, jumps);
    }

    /** Without the pairs that tell nothing of what comes from this index on. */
    private static long[] from(long index, long[] pairs) {
        int pair = pairOf(index, pairs);
        return pair > 0 ? Arrays.copyOfRange(pairs, pair, pairs.length) : pairs;
    }
}
