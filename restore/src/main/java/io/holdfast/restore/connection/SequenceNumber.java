package io.holdfast.restore.connection;

/** Arithmetic on the 32-bit numbers of TCP, which wrap around (RFC 9293 section 3.4; RFC 7323 for timestamps). */
public final class SequenceNumber {
    private SequenceNumber() {
    }

    /** Whether {@code a} comes after {@code b}. */
    public static boolean isAfter(int a, int b) {
        return a - b > 0;
    }

    /** The later of the two. */
    public static int later(int a, int b) {
        return isAfter(a, b) ? a : b;
    }

    /** Whether {@code number} lies in {@code [first, first + count)}. */
    public static boolean isWithin(int number, int first, int count) {
        return Integer.compareUnsigned(number - first, count) < 0;
    }
}
