package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real file systems that fail. */
class JournalStorageFailureTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT;
    private static final long HOUR = 3_600_000;

    @TempDir
    Path scratch;
    private final JournalEntry entry = new JournalEntry();

    /** Without blocks claimed ahead the store into the mapping would be a SIGBUS. */
    @Test
    void aFullDiskStopsTheJournalInAnOrderlyWay_I7_I9() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.full(scratch.resolve("disk"), 8 << 20)) {
            Path dir = disk.dir().resolve("journal");
            Path ballast = disk.dir().resolve("ballast");
            Files.write(ballast, new byte[2 << 20]);
            long acknowledged = 0;
            try (Journal journal = Journal.open(dir, OPTIONS)) {
                Commands.Stopped stopped = Commands.appendUntilItStops(journal, acknowledged);
                acknowledged = stopped.acknowledged();
                JournalException stop = stopped.why();
                assertThat(stop).hasMessageContaining("disk full").hasMessageContaining("No space left on device");
                assertThat(acknowledged).isGreaterThan(1000);
                assertThat(journal.isFailed()).isTrue();
                long next = acknowledged + 1;
                Files.delete(ballast);
                assertThatThrownBy(() -> Commands.append(journal, 1, next)).isInstanceOf(JournalException.class)
                        .hasMessageContaining("stopped after a failure");
                checkNumbered(journal, acknowledged);
            }
            try (Journal journal = Journal.open(dir, OPTIONS)) {
                checkNumbered(journal, acknowledged);
                assertThat(Commands.append(journal, 1, acknowledged + 1)).isEqualTo(acknowledged + 1);
            }
        }
    }

    @Test
    void aDiskThatIsFullWhenOpeningIsRefused_I9() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.full(scratch.resolve("disk"), 8 << 20)) {
            Path dir = disk.dir().resolve("journal");
            try (Journal journal = Journal.open(dir, OPTIONS)) {
                Commands.append(journal, 1, 1);
            }
            Path ballast = fill(disk.dir());
            assertThatThrownBy(() -> Journal.open(dir, OPTIONS)).isInstanceOf(JournalException.class).hasMessageContaining("disk full");
            assertThatThrownBy(() -> Journal.open(disk.dir().resolve("other"), OPTIONS)).isInstanceOf(JournalException.class);
            Files.delete(ballast);
            try (Journal journal = Journal.open(dir, OPTIONS)) {
                checkNumbered(journal, 1);
            }
        }
    }

    @Test
    void aDiskThatIsFullWhenRollingStopsTheJournalAndLeavesNoFile_I7_I9() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.full(scratch.resolve("disk"), 8 << 20)) {
            Path dir = disk.dir().resolve("journal");
            AtomicLong clock = new AtomicLong(500_000 * HOUR);
            Path ballast;
            try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
                Commands.append(journal, 1, 1);
                ballast = fill(disk.dir());
                clock.addAndGet(HOUR);
                JournalException stop = catchThrowableOfType(JournalException.class, () -> Commands.append(journal, 1, 2));
                assertThat(stop).hasMessageContaining("disk full");
                assertThat(journal.isFailed()).isTrue();
            }
            try (Stream<Path> files = Files.list(dir)) {
                assertThat(files.filter(file -> file.toString().endsWith(".cq4"))).hasSize(1);
            }
            Files.delete(ballast);
            try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
                checkNumbered(journal, 1);
                Commands.append(journal, 1, 2);
            }
            try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
                checkNumbered(journal, 2);
            }
        }
    }

    /** The kernel tells of a failed write-back once; a second sync that succeeds would mean nothing. */
    @Test
    void aFailedSyncStopsTheJournal_I7() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.failingWriteBack(scratch.resolve("disk"), 12 << 20)) {
            try (Journal journal = Journal.open(disk.dir().resolve("journal"), OPTIONS.withDurability(Durability.DISK))) {
                Commands.append(journal, 1, 1);
                journal.sync();
                long last = 1;
                JournalException stop = null;
                while (stop == null && last < 200_000) {
                    last = Commands.append(journal, 1, last + 1);
                    stop = last % 10_000 == 0 ? catchThrowableOfType(JournalException.class, journal::sync) : null;
                }
                assertThat(stop).hasMessageContaining("sync failed");
                assertThat(journal.isFailed()).isTrue();
                assertThatThrownBy(journal::sync).isInstanceOf(JournalException.class).hasMessageContaining("stopped after a failure");
                long next = last + 1;
                assertThatThrownBy(() -> Commands.append(journal, 1, next)).isInstanceOf(JournalException.class);
            }
        }
    }

    /** Nobody waits for the disk, and yet its failure stops the journal before much more is acknowledged. */
    @Test
    void aFailedSyncInTheBackgroundStopsTheJournal_I7() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.failingWriteBack(scratch.resolve("disk"), 12 << 20)) {
            try (Journal journal = Journal.open(disk.dir().resolve("journal"),
                    OPTIONS.withDurability(Durability.INTERVAL).withSyncIntervalMs(1))) {
                JournalException stop = null;
                for (long next = 1; stop == null && next < 2_000_000; next++) {
                    long index = next;
                    stop = catchThrowableOfType(JournalException.class, () -> Commands.append(journal, 1, index));
                }
                assertThat(stop).hasMessageContaining("stopped after a failure").hasMessageMatching(".*[fm]sync of .* failed.*");
                assertThat(journal.isFailed()).isTrue();
            }
        }
    }

    private static Path fill(Path dir) throws IOException {
        Path ballast = dir.resolve("ballast");
        try (OutputStream out = Files.newOutputStream(ballast)) {
            byte[] block = new byte[4096];
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
        return ballast;
    }

    private void checkNumbered(Journal journal, long last) {
        assertThat(journal.lastIndex()).isEqualTo(last);
        for (long i = 1; i <= last; i++) {
            if (!journal.read(i, entry) || !Commands.isNumbered(entry, i)) {
                throw new AssertionError("entry " + i + " is not what was appended");
            }
        }
    }
}
