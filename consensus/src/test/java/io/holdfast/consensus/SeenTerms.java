package io.holdfast.consensus;

import java.util.Arrays;

/** Owned by the simulation: the terms of a journal's entries as they were when it was looked at last. */
final class SeenTerms {
    private long[] terms = new long[1024];
    private long last;

    long last() {
        return last;
    }

    long termAt(long index) {
        return terms[(int) index];
    }

    void set(long index, long term) {
        if (index >= terms.length) {
            terms = Arrays.copyOf(terms, (int) Math.max(index + 1, terms.length * 2L));
        }
        terms[(int) index] = term;
    }

    void endsAt(long index) {
        last = index;
    }

    void clear() {
        last = 0;
    }
}
