package io.holdfast.node.service;

import java.time.Clock;
import java.time.Instant;

/** Wall time in nanoseconds since the epoch, as entries carry it. For dates only: durations use the monotonic clock. */
final class WallClock {
    private static final Clock UTC = Clock.systemUTC();

    private WallClock() {
    }

    static long epochNanos() {
        Instant now = UTC.instant();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
