package io.holdfast.journal;

import java.util.function.LongSupplier;

import net.openhft.chronicle.core.time.TimeProvider;

/**
 * Owned by the writer's thread: the time Chronicle rolls files by.
 *
 * <p>It stands still between appends, so Chronicle rolls when we have prepared the next file and never by itself, and it
 * never goes back: on a clock set back Chronicle would go on in an older cycle file, and order would be lost.
 */
final class CycleClock implements TimeProvider {
    private final LongSupplier epochMillis;
    private volatile long nowMs;

    CycleClock(LongSupplier epochMillis, int notBeforeCycle) {
        this.epochMillis = epochMillis;
        this.nowMs = notBeforeCycle * CycleFiles.CYCLE_MS;
        advance();
    }

    /** Takes the present time over; returns the cycle it falls in. */
    int advance() {
        nowMs = Math.max(nowMs, epochMillis.getAsLong());
        return (int) (nowMs / CycleFiles.CYCLE_MS);
    }

    @Override
    public long currentTimeMillis() {
        return nowMs;
    }
}
