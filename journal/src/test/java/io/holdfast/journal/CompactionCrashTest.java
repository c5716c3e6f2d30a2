package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} at any moment of rolling, saving, dropping and installing: what was done is there, and what was under way
 * is there whole or not at all. {@code -Dcompaction.kills=N} kills more often; a failure names seed and kill.
 */
class CompactionCrashTest {
    private static final int KILLS = Integer.getInteger("compaction.kills", 12);
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(4 << 20).withRollBytes(1 << 20);

    @TempDir
    Path scratch;
    private final JournalEntry entry = new JournalEntry();

    /** What the process said was done, and what it can have been doing when it died. */
    private static final class Done {
        private long last;
        private long snapshot;
        private long dropped;
    }

    @Test
    void withFilesThatAreDeleted() throws Exception {
        killAgainAndAgain(null, 1);
    }

    @Test
    void withFilesThatAreArchived() throws Exception {
        killAgainAndAgain(scratch.resolve("archive"), 2);
    }

    private void killAgainAndAgain(Path archive, long seed) throws Exception {
        Path dir = scratch.resolve("journal");
        Random random = new Random(seed);
        Done done = new Done();
        for (int kill = 0; kill < KILLS; kill++) {
            runUntilKilled(dir, archive, random.nextLong(), 1 + random.nextInt(9_000), done);
            try (Journal journal = Journal.open(dir, OPTIONS.withArchive(archive))) {
                check(journal, done, "seed " + seed + ", kill " + kill);
                done.last = journal.lastIndex();
            }
            assertThat(JournalVerifier.verify(dir).whole()).isTrue();
        }
        assertThat(done.dropped).isPositive();
    }

    private void runUntilKilled(Path dir, Path archive, long seed, int killAtStep, Done done) throws Exception {
        Path errors = scratch.resolve("errors");
        Process process = CompactingProcess.start(dir, archive, seed, errors);
        int steps = 0;
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
            while (true) {
                int what = in.readByte();
                note(what, in.readLong(), done);
                if (++steps == killAtStep) {
                    process.toHandle().destroyForcibly();
                }
            }
        } catch (EOFException dead) {
            assertThat(steps).as(Files.readString(errors)).isGreaterThanOrEqualTo(killAtStep);
        } finally {
            process.destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static void note(int what, long index, Done done) throws IOException {
        switch (what) {
            case CompactingProcess.APPENDED -> done.last = index;
            case CompactingProcess.SAVED -> done.snapshot = index;
            case CompactingProcess.DROPPED -> done.dropped = Math.max(done.dropped, index - 1);
            case CompactingProcess.INSTALLED -> {
                done.last = index;
                done.snapshot = index;
                done.dropped = index;
            }
            default -> throw new IOException("no step: " + what);
        }
    }

    private void check(Journal journal, Done done, String where) {
        assertThat(journal.lastIndex()).as(where + ": every entry acknowledged").isGreaterThanOrEqualTo(done.last);
        assertThat(journal.floorIndex()).as(where + ": what was dropped stays dropped").isGreaterThanOrEqualTo(done.dropped);
        Snapshot snapshot = journal.snapshot();
        long covered = snapshot == null ? 0 : snapshot.index();
        assertThat(covered).as(where + ": the newest snapshot").isGreaterThanOrEqualTo(done.snapshot);
        assertThat(journal.floorIndex()).as(where + ": nothing dropped that no snapshot covers").isLessThanOrEqualTo(covered);
        if (snapshot != null) {
            assertThat(ByteBuffer.wrap(snapshot.bytes()).getLong()).as(where).isEqualTo(covered);
        }
        for (long i = journal.floorIndex() + 1; i <= journal.lastIndex(); i++) {
            assertThat(journal.read(i, entry) && Commands.isNumbered(entry, i)).as(where + ": entry " + i).isTrue();
        }
    }
}
