package io.holdfast.journal;

import java.util.function.LongSupplier;

import net.openhft.chronicle.core.time.TimeProvider;

/**
 * Owned by the writer's thread: the time by which Chronicle chooses the file it appends to.
 *
 * <p>It stands still until we say that another file begins, so a file may be rolled by its size as well, and Chronicle
 * never rolls by itself. It never goes back: Chronicle would go on in an older file, and order would be lost.
 */
final class CycleClock implements TimeProvider {
    private static final long HOUR_MS = 3_600_000;

    private final LongSupplier epochMillis;
    private volatile int cycle;

    CycleClock(LongSupplier epochMillis, int cycle) {
        this.epochMillis = epochMillis;
        this.cycle = cycle;
    }

    /** Whether another hour (UTC) has begun than the present file is named for. */
    boolean hourPassed() {
        return epochMillis.getAsLong() / HOUR_MS > cycle * CycleFiles.CYCLE_MS / HOUR_MS;
    }

    /** The file to begin now: named for the present, or for later when the present has one already. */
    int next() {
        return Math.max(cycle + 1, (int) (epochMillis.getAsLong() / CycleFiles.CYCLE_MS));
    }

    void advanceTo(int next) {
        cycle = next;
    }

    @Override
    public long currentTimeMillis() {
        return cycle * CycleFiles.CYCLE_MS;
    }
}
