package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process killed in the middle of appending, again and again on the same journal. */
class JournalCrashTest {
    private static final int KILLS = 8;

    @TempDir
    Path scratch;
    private final JournalEntry entry = new JournalEntry();

    @Test
    void afterAKillEveryAcknowledgedEntryIsThereAndWhole() throws Exception {
        Path dir = scratch.resolve("journal");
        Random random = new Random();
        long held = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            long acknowledged = appendUntilKilled(dir, held + 1 + random.nextInt(6_000), 1_000, Long.MAX_VALUE, 1);
            held = check(dir);
            assertThat(held).isBetween(acknowledged, acknowledged + 1);
        }
        assertThat(JournalVerifier.verify(dir).whole()).isTrue();
    }

    @Test
    void entriesThatWereAppendedTogetherAreAllThereOrNone() throws Exception {
        Path dir = scratch.resolve("journal");
        Random random = new Random();
        long held = 0;
        int atOnce = 20; // within one document
        for (int kill = 0; kill < KILLS; kill++) {
            long acknowledged = appendUntilKilled(dir, held + 1 + random.nextInt(12_000), 3_000, Long.MAX_VALUE, atOnce);
            held = check(dir);
            assertThat(held).isIn(acknowledged, acknowledged + atOnce);
        }
        assertThat(JournalVerifier.verify(dir).whole()).isTrue();
    }

    @Test
    void alsoWhenTailsAreCutAllTheTime() throws Exception {
        Path dir = scratch.resolve("journal");
        for (int kill = 0; kill < 3; kill++) {
            long acknowledged = appendUntilKilled(dir, 1_000L * (kill + 1), 500, 3, 1);
            assertThat(check(dir)).isBetween(acknowledged - 1, acknowledged + 1);
        }
        assertThat(JournalVerifier.verify(dir).cuts()).isGreaterThan(100);
    }

    @Test
    void aReaderInAnotherProcessFollowsTheLiveWriterAndNobodyElseMayWrite() throws Exception {
        Path dir = scratch.resolve("journal");
        Process process = AppendingProcess.start(dir, 2_000, 7, 5, scratch.resolve("errors"));
        // Takes the acknowledgements away, so that the writer never waits.
        Thread drain = new Thread(() -> {
            try (InputStream in = process.getInputStream()) {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        drain.start();
        try {
            await().atMost(30, TimeUnit.SECONDS).until(() -> Files.exists(dir) && JournalVerifier.verify(dir).lastIndex() > 0);
            assertThatThrownBy(() -> Journal.open(dir, JournalOptions.DEFAULT)).isInstanceOf(JournalException.class)
                    .hasMessageContaining("another process");
            try (JournalReader reader = JournalReader.open(dir)) {
                await().atMost(60, TimeUnit.SECONDS).pollInterval(1, TimeUnit.MILLISECONDS).until(() -> {
                    long from = Math.max(1, reader.lastIndex());
                    reader.refresh();
                    for (long i = from; i <= reader.lastIndex(); i++) {
                        if (!reader.read(i, entry)) {
                            // Only an entry that the writer has cut meanwhile may be gone, and the reader then knows it.
                            reader.refresh();
                            assertThat(reader.lowestCut()).isLessThanOrEqualTo(i);
                            break;
                        }
                        assertThat(Commands.isNumbered(entry, i)).isTrue();
                    }
                    return reader.lastIndex() > 20_000;
                });
            }
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.toHandle().destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            drain.join(30_000);
        }
        check(dir);
    }

    /** Returns the last index the process acknowledged before it died. */
    private long appendUntilKilled(Path dir, long killAt, long perHour, long perCut, int atOnce) throws Exception {
        Path errors = scratch.resolve("errors");
        Process process = AppendingProcess.start(dir, perHour, perCut, atOnce, errors);
        long last = 0;
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
            boolean killed = false;
            while (true) {
                last = in.readLong();
                if (last >= killAt && !killed) {
                    killed = true;
                    // The handle: Process.destroyForcibly would close the stream, and acknowledgements in it be lost.
                    process.toHandle().destroyForcibly();
                }
            }
        } catch (EOFException dead) {
            assertThat(last).as(Files.readString(errors)).isGreaterThanOrEqualTo(killAt);
        } finally {
            process.destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(process.exitValue()).isEqualTo(128 + 9);
        return last;
    }

    private long check(Path dir) {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            for (long i = 1; i <= journal.lastIndex(); i++) {
                if (!journal.read(i, entry) || !Commands.isNumbered(entry, i)) {
                    throw new AssertionError("entry " + i + " is not whole");
                }
            }
            return journal.lastIndex();
        }
    }
}
