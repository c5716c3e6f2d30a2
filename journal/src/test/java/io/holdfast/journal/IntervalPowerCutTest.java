package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With INTERVAL a power cut takes no more than what came within {@code syncIntervalMs} and one fsync; nobody syncs but its thread. */
class IntervalPowerCutTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20)
            .withDurability(Durability.INTERVAL).withSyncIntervalMs(1);
    private static final long HOUR = 3_600_000;
    private static final int CUTS = 12;

    @TempDir
    Path dir;
    private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
    private final JournalEntry entry = new JournalEntry();

    /**
     * Of an entry the round of forces that began behind its append is awaited, which the journal notes when it is done: the
     * mark itself is not forced, so what then stays shows what was. One entry, one in a new file, many, a cut tail.
     */
    @Test
    void whatTheThreadHasForcedSinceIsThereWhenEverythingElseIsLost() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        long number = 0;
        long expected = 0;
        for (int cut = 0; cut < CUTS; cut++) {
            Journal journal = disk.openJournal(OPTIONS, clock::get);
            assertThat(journal.lastIndex()).as("before cut %d", cut).isEqualTo(expected);
            if (cut % 4 == 3) {
                journal.cutTail(expected);
                expected--;
            }
            Commands.append(journal, cut + 1, ++number);
            expected++;
            long forcesBefore = 0;
            for (int more = 0; more < 3; more++) {
                awaitForced();
                forcesBefore = disk.forces();
                if (cut % 4 == 1) {
                    clock.addAndGet(HOUR);
                }
                int count = cut % 4 == 2 ? 40 : 1;
                Commands.append(journal, cut + 1, number + 1, count);
                number += count;
                expected += count;
            }
            awaitForced();
            assertThat(disk.forces()).as("the thread forced something").isGreaterThan(forcesBefore);
            disk.powerCut(new Random(cut), 1, journal);
            try (Journal again = disk.openJournal(OPTIONS, clock::get)) {
                assertThat(again.lastIndex()).as("after cut %d", cut).isEqualTo(expected);
                assertThat(again.read(expected, entry) && Commands.isNumbered(entry, number)).isTrue();
            }
        }
    }

    /** Until the journal notes that it forced whatever is written now. */
    private void awaitForced() {
        PowerLoss.Place written = PowerLoss.written(dir);
        await().atMost(30, TimeUnit.SECONDS).pollDelay(0, TimeUnit.MILLISECONDS).pollInterval(1, TimeUnit.MILLISECONDS).until(() -> {
            PowerLoss.Place forced = PowerLoss.forced(dir);
            return forced.file() > written.file() || forced.file() == written.file() && forced.offsetBytes() >= written.offsetBytes();
        });
    }
}
