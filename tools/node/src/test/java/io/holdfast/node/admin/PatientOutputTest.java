package io.holdfast.node.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How long the next piece of an answer is waited for, by a clock that only the reader moves on. */
class PatientOutputTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long FOREVER_MS = 3_600_000;

    private final List<Long> waits = new ArrayList<>();
    private long now;
    private long nanosForAPiece;

    /** Notes the bounds, and never comes to one. */
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1) {
        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            waits.add(unit.toNanos(delay));
            return super.schedule(task, FOREVER_MS, TimeUnit.MILLISECONDS);
        }
    };

    /** One piece a second is the least rate. */
    private final PatientOutput output = new PatientOutput(new OutputStream() {
        @Override
        public void write(int value) {
            throw new AssertionError("byte by byte");
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            now += nanosForAPiece;
        }
    }, clock, () -> now, new PatientOutput.Patience(30_000, PatientOutput.PIECE_BYTES), () -> { });

    private void write(int pieces, long nanosForEach) throws IOException {
        waits.clear();
        nanosForAPiece = nanosForEach;
        output.write(new byte[pieces * PatientOutput.PIECE_BYTES]);
        clock.shutdownNow();
    }

    @Test
    void aPieceEvery29SecondsIsNotWaitedForTwice() throws IOException {
        write(2, 29 * SECOND);
        assertThat(waits).containsExactly(30 * SECOND, 2 * SECOND);
    }

    @Test
    void atTheLeastRateAnAnswerTakesAsLongAsItTakes() throws IOException {
        write(1_000, SECOND);
        assertThat(waits).hasSize(1_000).containsOnly(30 * SECOND);
    }

    @Test
    void whoWasFastIsNotWaitedForLongerAtOnce() throws IOException {
        write(1_000, 0);
        assertThat(waits).containsOnly(30 * SECOND);
    }

    @Test
    void theTimeBetweenTwoWritesIsNotTheReaders() throws IOException {
        output.write(new byte[1]);
        now += 1_000 * SECOND;
        write(1, 0);
        assertThat(waits).containsExactly(30 * SECOND);
    }
}
