package io.holdfast.benchmarks.protect;

import io.holdfast.cli.testbed.TestbedException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what takes its time to start. Has no state. */
final class Patience {

    private static final long POLL_MS = 50;

    private Patience() {
    }

    static void await(Duration bound, String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + bound.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new TestbedException("not within " + bound.toSeconds() + " s: " + what);
            }
            Thread.sleep(POLL_MS);
        }
    }
}
