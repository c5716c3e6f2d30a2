package io.holdfast.cli.inspect;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Owned by the thread that prints: moments as text in UTC, with nanoseconds; the text of a second is made once. */
public final class TimeText {
    private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss")
            .withZone(ZoneOffset.UTC);
    private static final long NANOS = 1_000_000_000L;

    private long second = Long.MIN_VALUE;
    private String secondText;
    private final char[] fraction = new char[9];

    /** "2026-01-31T12:00:00.123456789Z". */
    public void add(long epochNanos, Lines to) {
        long wanted = Math.floorDiv(epochNanos, NANOS);
        if (wanted != second) {
            second = wanted;
            secondText = SECOND.format(Instant.ofEpochSecond(wanted));
        }
        long rest = Math.floorMod(epochNanos, NANOS);
        for (int i = fraction.length - 1; i >= 0; i--) {
            fraction[i] = (char) ('0' + rest % 10);
            rest /= 10;
        }
        to.add(secondText).add('.').add(fraction, fraction.length).add('Z');
    }

    public static String of(long epochNanos) {
        return Instant.ofEpochSecond(Math.floorDiv(epochNanos, NANOS), Math.floorMod(epochNanos, NANOS)).toString();
    }
}
