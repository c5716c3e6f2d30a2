package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class IntervalSyncTest {
    private final AtomicLong appended = new AtomicLong();
    private final AtomicInteger forces = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @Test
    void forcesWhatIsNewAndNothingElse() {
        try (IntervalSync sync = new IntervalSync(1, appended::get, forces::incrementAndGet, failure::set).start()) {
            await().atMost(30, TimeUnit.SECONDS).until(() -> forces.get() == 1);
            appended.incrementAndGet();
            await().atMost(30, TimeUnit.SECONDS).until(() -> forces.get() == 2);
        }
        assertThat(forces).hasValue(2);
        assertThat(failure).hasValue(null);
    }

    /** It may or may not be in the force under way, so the next one must come for it. */
    @Test
    void whatIsAppendedDuringAForceIsForcedByTheNext() {
        try (IntervalSync sync = new IntervalSync(1, appended::get, () -> {
            if (forces.incrementAndGet() == 1) {
                appended.incrementAndGet();
            }
        }, failure::set).start()) {
            await().atMost(30, TimeUnit.SECONDS).until(() -> forces.get() == 2);
        }
        assertThat(forces).hasValue(2);
    }

    @Test
    void theEndForcesWhatIsLeft() {
        IntervalSync sync = new IntervalSync(60_000, appended::get, forces::incrementAndGet, failure::set).start();
        appended.incrementAndGet();
        sync.close();
        assertThat(forces).hasValue(1);
    }

    @Test
    void theFirstFailureEndsItAndIsTold() {
        IOException broken = new IOException("broken");
        IntervalSync sync = new IntervalSync(1, appended::incrementAndGet, () -> {
            forces.incrementAndGet();
            throw broken;
        }, failure::set).start();
        await().atMost(30, TimeUnit.SECONDS).until(() -> failure.get() != null);
        sync.close();
        assertThat(failure).hasValue(broken);
        assertThat(forces).hasValue(1);
    }
}
