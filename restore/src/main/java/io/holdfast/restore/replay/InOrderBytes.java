package io.holdfast.restore.replay;

import io.holdfast.restore.connection.SequenceNumber;

/**
 * How far a client's bytes reach without a gap, counted from where the clone began; owned by the thread that replays.
 *
 * <p>It remembers one stretch beyond a gap. With more than one it reports less than there is, never more.
 */
final class InOrderBytes {
    private int first;
    private int end;
    private int aheadFirst;
    private int aheadEnd;

    /** Begins before the byte with this number. */
    void begin(int number) {
        first = number;
        end = number;
        aheadFirst = number;
        aheadEnd = number;
    }

    /** A segment was given; SYN and FIN count as a byte. */
    void add(int from, int to) {
        if (SequenceNumber.isAfter(from, end)) {
            stretch(from, to);
            return;
        }
        end = SequenceNumber.later(to, end);
        if (aheadEnd != aheadFirst && !SequenceNumber.isAfter(aheadFirst, end)) {
            end = SequenceNumber.later(aheadEnd, end);
            aheadFirst = aheadEnd;
        }
    }

    private void stretch(int from, int to) {
        boolean none = aheadEnd == aheadFirst;
        boolean joined = !none && !SequenceNumber.isAfter(from, aheadEnd) && !SequenceNumber.isAfter(aheadFirst, to);
        if (none) {
            aheadFirst = from;
            aheadEnd = to;
        } else if (joined) {
            aheadFirst = SequenceNumber.isAfter(aheadFirst, from) ? from : aheadFirst;
            aheadEnd = SequenceNumber.later(to, aheadEnd);
        }
    }

    int count() {
        return end - first;
    }
}
