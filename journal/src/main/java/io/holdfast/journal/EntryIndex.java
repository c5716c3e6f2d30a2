package io.holdfast.journal;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Changed by one thread, read by any: where the live branch of the log stands, by index, and which terms it runs through.
 *
 * <p>Places are kept in pages that never move, terms as runs (first index, term): elections are rare, so the runs are
 * copied when they change and read without a lock. The last index is written last and read first. Entries up to the floor
 * are not held; the walk over the files may have met them all the same.
 */
final class EntryIndex {
    private static final int PAGE_SHIFT = 16;
    private static final int PAGE_ENTRIES = 1 << PAGE_SHIFT;
    static final long NO_PLACE = -1;

    private volatile AtomicLongArray[] pages = new AtomicLongArray[0];
    /** Pairs of first index and term, ascending in both. */
    private volatile long[] runs = new long[0];
    /** Index and term of the last entry no longer held. */
    private volatile long[] floor = {0, 0};
    private volatile long last;

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
        int low = 0;
        int high = runs.length / 2 - 1;
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if (runs[2 * middle] <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return high < 0 || runs[0] > index ? 0 : runs[2 * low + 1];
    }

    /** The place of an entry, {@link #NO_PLACE} when it was dropped meanwhile. */
    long place(long index) {
        AtomicLongArray[] now = pages;
        int page = (int) (index >>> PAGE_SHIFT);
        AtomicLongArray entries = page < now.length ? now[page] : null;
        return entries == null ? NO_PLACE : entries.getAcquire((int) (index & PAGE_ENTRIES - 1));
    }

    /** The log goes on behind this entry: of what was there before nothing counts any more. Holds nothing. */
    void begin(long index, long term) {
        last = index;
        runs = index == 0 ? new long[0] : new long[] {index, term};
        pages = new AtomicLongArray[0];
    }

    /** The next entry. */
    void append(long term, long place) {
        long index = last + 1;
        int page = (int) (index >>> PAGE_SHIFT);
        if (page >= pages.length) {
            pages = Arrays.copyOf(pages, page + 1);
        }
        if (pages[page] == null) {
            AtomicLongArray[] grown = pages.clone();
            grown[page] = new AtomicLongArray(PAGE_ENTRIES);
            pages = grown;
        }
        pages[page].setRelease((int) (index & PAGE_ENTRIES - 1), place);
        long[] now = runs;
        if (now.length == 0 || now[now.length - 1] != term) {
            long[] grown = Arrays.copyOf(now, now.length + 2);
            grown[now.length] = index;
            grown[now.length + 1] = term;
            runs = grown;
        }
        last = index;
    }

    /** Drops this entry and all after it. */
    void cut(long from) {
        last = from - 1;
        long[] now = runs;
        int keep = now.length;
        while (keep > 0 && now[keep - 2] >= from) {
            keep -= 2;
        }
        if (keep < now.length) {
            runs = Arrays.copyOf(now, keep);
        }
    }

    /** Entries up to this one are no longer held; the floor never falls. */
    void raiseFloor(long index, long term) {
        floor = new long[] {index, term};
        AtomicLongArray[] kept = pages.clone();
        Arrays.fill(kept, 0, Math.min(kept.length, (int) (index >>> PAGE_SHIFT)), null);
        pages = kept;
        long[] now = runs;
        int from = 0;
        while (from + 2 < now.length && now[from + 2] <= index) {
            from += 2;
        }
        if (from > 0) {
            runs = Arrays.copyOfRange(now, from, now.length);
        }
    }
}
