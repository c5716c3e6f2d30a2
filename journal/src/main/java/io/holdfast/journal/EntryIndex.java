package io.holdfast.journal;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Changed by one thread, read by any: where the live branch of the log stands, by index, and which terms it runs through.
 *
 * <p>Places are kept in pages that never move, terms as runs (first index, term): elections are rare, so the runs are
 * copied when they change and read without a lock. The last index is written last and read first.
 */
final class EntryIndex {
    private static final int PAGE_SHIFT = 16;
    private static final int PAGE_ENTRIES = 1 << PAGE_SHIFT;

    private volatile AtomicLongArray[] pages = new AtomicLongArray[0];
    /** Pairs of first index and term, ascending in both. */
    private volatile long[] runs = new long[0];
    private volatile long last;

    long first() {
        return last == 0 ? 0 : 1;
    }

    long last() {
        return last;
    }

    long lastTerm() {
        return termAt(last);
    }

    /** The term of this entry, 0 when there is none. */
    long termAt(long index) {
        // Runs first: a cut lowers the last index before it drops runs, so these runs cover what the check lets pass.
        long[] now = runs;
        if (index < 1 || index > last) {
            return 0;
        }
        int low = 0;
        int high = now.length / 2 - 1;
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if (now[2 * middle] <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return high < 0 || now[0] > index ? 0 : now[2 * low + 1];
    }

    /** The place of an entry from first to last. */
    long place(long index) {
        long zeroBased = index - 1;
        return pages[(int) (zeroBased >>> PAGE_SHIFT)].getAcquire((int) (zeroBased & PAGE_ENTRIES - 1));
    }

    /** The next entry. */
    void append(long term, long place) {
        long zeroBased = last;
        int page = (int) (zeroBased >>> PAGE_SHIFT);
        if (page == pages.length) {
            AtomicLongArray[] grown = Arrays.copyOf(pages, page + 1);
            grown[page] = new AtomicLongArray(PAGE_ENTRIES);
            pages = grown;
        }
        pages[page].setRelease((int) (zeroBased & PAGE_ENTRIES - 1), place);
        long[] now = runs;
        if (now.length == 0 || now[now.length - 1] != term) {
            long[] grown = Arrays.copyOf(now, now.length + 2);
            grown[now.length] = zeroBased + 1;
            grown[now.length + 1] = term;
            runs = grown;
        }
        last = zeroBased + 1;
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
}
