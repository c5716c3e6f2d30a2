package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The file system becomes read-only under an open journal, as ext4 does after an error on the disk. */
class ReadOnlyFileSystemTest {
    private static final String WORDS = "Read-only file system";
    private static final long HOUR = 3_600_000;
    private static final int FORCED = 50;

    @TempDir
    Path scratch;
    private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
    private final JournalEntry entry = new JournalEntry();

    /** A store to a mapped page still succeeds: whoever forces is told. */
    @Test
    void nothingIsAcknowledgedThatCannotBeForced_I7() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.sound(scratch.resolve("disk"), 64 << 20)) {
            try (Journal journal = open(disk, Durability.DISK)) {
                fill(journal);
                disk.becomeReadOnly();
                Commands.append(journal, 1, FORCED + 1);
                assertThatThrownBy(journal::sync).isInstanceOf(JournalException.class).hasMessageContaining("sync failed")
                        .hasMessageContaining(journalOn(disk).toString());
                requireStopped(journal);
                checkNumbered(journal, FORCED + 1);
            }
            requireStillThere(disk, FORCED, FORCED);
        }
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void noFileIsBegun_I7(Durability durability) throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.sound(scratch.resolve("disk"), 64 << 20)) {
            try (Journal journal = open(disk, durability)) {
                fill(journal);
                disk.becomeReadOnly();
                clock.addAndGet(HOUR);
                JournalException stop = catchThrowableOfType(JournalException.class, () -> Commands.append(journal, 1, FORCED + 1));
                assertThat(stop).hasMessageContaining(WORDS).hasMessageContaining("the journal stops");
                requireStopped(journal);
                checkNumbered(journal, FORCED);
            }
            requireStillThere(disk, FORCED, FORCED);
        }
    }

    /** Without a force nobody is told before the next blocks are claimed; until then entries live in the page cache alone. */
    @ParameterizedTest
    @EnumSource(value = Durability.class, names = {"PROCESS", "INTERVAL"})
    void whoNeverForcesLearnsOfItAllTheSame_I7(Durability durability) throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.sound(scratch.resolve("disk"), 64 << 20)) {
            long acknowledged = FORCED;
            try (Journal journal = open(disk, durability)) {
                fill(journal);
                disk.becomeReadOnly();
                Commands.Stopped stopped = Commands.appendUntilItStops(journal, acknowledged);
                acknowledged = stopped.acknowledged();
                JournalException stop = stopped.why();
                assertThat(stop.getMessage()).containsAnyOf(WORDS, "sync of");
                requireStopped(journal);
                checkNumbered(journal, acknowledged);
                assertThat(journal.bytesHeld()).as("no more than what was claimed ahead")
                        .isLessThan(4L * JournalOptions.DEFAULT.preallocateBytes());
            }
            requireStillThere(disk, FORCED, acknowledged);
        }
    }

    @Test
    void noVoteIsGivenThatCannotBeStored_I7() throws IOException {
        try (TinyFileSystem disk = TinyFileSystem.sound(scratch.resolve("disk"), 64 << 20)) {
            try (VoteStore votes = VoteStore.open(disk.dir())) {
                votes.save(4, "n2");
                disk.becomeReadOnly();
                assertThatThrownBy(() -> votes.save(5, "n3")).isInstanceOf(JournalException.class)
                        .hasMessageContaining("cannot store the vote").hasMessageContaining(WORDS);
                assertThat(votes.term()).isEqualTo(4);
                assertThatThrownBy(() -> votes.save(6, "n1")).isInstanceOf(JournalException.class).hasMessageContaining("has stopped");
            }
            assertThatThrownBy(() -> VoteStore.open(disk.dir())).isInstanceOf(JournalException.class)
                    .hasMessageContaining(WORDS).hasMessageEndingWith(JournalException.MEND);
            try (TinyFileSystem after = disk.afterAPowerCut(); VoteStore votes = VoteStore.open(after.dir())) {
                assertThat(votes.term()).isEqualTo(4);
                assertThat(votes.votedFor()).isEqualTo("n2");
            }
        }
    }

    private static Path journalOn(TinyFileSystem disk) {
        return disk.dir().resolve("journal");
    }

    private Journal open(TinyFileSystem disk, Durability durability) {
        return Journal.open(journalOn(disk), JournalOptions.DEFAULT.withDurability(durability), clock::get);
    }

    private static void fill(Journal journal) {
        for (long i = 1; i <= FORCED; i++) {
            Commands.append(journal, 1, i);
        }
        journal.sync();
        journal.commitIndex(FORCED);
    }

    private static void requireStopped(Journal journal) {
        assertThat(journal.isFailed()).isTrue();
        assertThatThrownBy(() -> Commands.append(journal, 1, journal.lastIndex() + 1)).isInstanceOf(JournalException.class)
                .hasMessageContaining("stopped after a failure");
        assertThatThrownBy(journal::sync).isInstanceOf(JournalException.class).hasMessageContaining("stopped after a failure");
    }

    /** Who reads finds all of it as long as it is mounted, a member does not start, and what was forced is on the device. */
    private void requireStillThere(TinyFileSystem disk, long forced, long acknowledged) throws IOException {
        try (JournalReader reader = JournalReader.open(journalOn(disk))) {
            assertThat(reader.lastIndex()).isGreaterThanOrEqualTo(acknowledged);
            for (long i = 1; i <= acknowledged; i++) {
                assertThat(reader.read(i, entry) && Commands.isNumbered(entry, i)).as("entry %d", i).isTrue();
            }
        }
        assertThatThrownBy(() -> open(disk, Durability.DISK)).isInstanceOf(JournalException.class).hasMessageContaining(WORDS)
                .hasMessageStartingWith(journalOn(disk).toString()).hasMessageEndingWith(JournalException.MEND);
        try (TinyFileSystem after = disk.afterAPowerCut(); Journal journal = open(after, Durability.DISK)) {
            assertThat(journal.lastIndex()).isGreaterThanOrEqualTo(forced);
            checkNumbered(journal, journal.lastIndex());
            Commands.append(journal, 1, journal.lastIndex() + 1);
            journal.sync();
        }
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
