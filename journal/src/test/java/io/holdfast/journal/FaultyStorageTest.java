package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk of the other tests does itself what it says. */
class FaultyStorageTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20);

    @TempDir
    Path dir;
    private FaultyStorage storage;

    @BeforeEach
    void takeTheDirectory() throws IOException {
        storage = new FaultyStorage(dir);
    }

    @Test
    void whatWasForcedStaysAndTheRestGoes() throws IOException {
        Path path = dir.resolve("file");
        try (RandomAccessFile file = storage.open(path)) {
            file.write(filled(3 * 4096, 1));
            storage.force(file, path);
            storage.forceDirectory(dir);
            file.seek(4096);
            file.write(filled(4096, 2));
            file.seek(4 * 4096);
            file.write(filled(4096, 2));
            storage.powerCut(new Random(1), 1);
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(filled(3 * 4096, 1));
    }

    @Test
    void pagesAreLostOneByOne() throws IOException {
        Path path = dir.resolve("file");
        try (RandomAccessFile file = storage.open(path)) {
            file.write(filled(256 * 4096, 1));
            storage.force(file, path);
            storage.forceDirectory(dir);
            file.seek(0);
            file.write(filled(256 * 4096, 2));
            storage.powerCut(new Random(1), 0.5);
        }
        byte[] left = Files.readAllBytes(path);
        int fresh = 0;
        for (int page = 0; page < 256; page++) {
            fresh += left[page * 4096];
        }
        assertThat(fresh - 256).isBetween(64, 192);
    }

    @Test
    void namesAreDurableWithTheirDirectoryAndInOrder() throws IOException {
        storage.replace(dir, "kept", filled(10, 1));
        storage.replace(dir, "deleted", filled(10, 1));
        storage.delete(dir.resolve("deleted"));
        Path fresh = dir.resolve("fresh");
        try (RandomAccessFile file = storage.open(fresh)) {
            file.write(filled(10, 2));
            storage.force(file, fresh);
        }
        storage.rename(fresh, dir.resolve("kept"));
        storage.powerCut(new Random(1), 1);
        assertThat(dir.resolve("kept")).hasBinaryContent(filled(10, 1));
        assertThat(dir.resolve("deleted")).hasBinaryContent(filled(10, 1));
        assertThat(fresh).doesNotExist();
    }

    @Test
    void whatIsAskedForFailsUntilMended() {
        try (Journal journal = storage.openJournal(OPTIONS)) {
            Commands.append(journal, 1, 1);
            journal.sync();
            storage.failNext(FaultyStorage.Fault.FORCE);
            Commands.append(journal, 1, 2);
            assertThatThrownBy(journal::sync).isInstanceOf(JournalException.class).hasMessageContaining("Input/output error");
            assertThat(journal.isFailed()).isTrue();
        }
        storage.mend();
        try (Journal journal = storage.openJournal(OPTIONS)) {
            storage.failNext(FaultyStorage.Fault.CLAIM);
            assertThatThrownBy(() -> {
                for (long next = 3; ; next++) {
                    Commands.append(journal, 1, next);
                }
            }).isInstanceOf(JournalException.class).hasMessageContaining("No space left");
        }
        storage.mend();
        try (VoteStore votes = storage.openVotes()) {
            votes.save(1, "a");
            storage.failNext(FaultyStorage.Fault.VOTE);
            assertThatThrownBy(() -> votes.save(2, "b")).isInstanceOf(JournalException.class);
        }
    }

    @Test
    void whatAJournalSyncedIsThereAfterAPowerCut() throws IOException {
        Journal journal = storage.openJournal(OPTIONS.withDurability(Durability.DISK));
        VoteStore votes = storage.openVotes();
        for (long next = 1; next <= 100; next++) {
            Commands.append(journal, 1, next);
        }
        journal.sync();
        votes.save(7, "a");
        storage.powerCut(new Random(1), 1, journal, votes);
        try (Journal again = storage.openJournal(OPTIONS); VoteStore votesAgain = storage.openVotes()) {
            assertThat(again.lastIndex()).isEqualTo(100);
            assertThat(votesAgain.votedFor()).isEqualTo("a");
        }
    }

    @Test
    void aProcessDiesAtTheCallItIsToldAndLeavesWhatWasThereThen() throws IOException {
        Path path = dir.resolve("file");
        try (RandomAccessFile file = storage.open(path)) {
            file.write(filled(4096, 1));
            storage.dieAtCall(2);
            storage.force(file, path);
            file.seek(0);
            file.write(filled(4096, 2));
            assertThatThrownBy(() -> storage.rename(path, dir.resolve("other"))).hasMessageContaining("dead");
            assertThat(storage.isDead()).isTrue();
            assertThat(storage.calls()).containsExactly("open file", "force file", "rename file");
            file.seek(0);
            file.write(filled(4096, 3));
            assertThatThrownBy(() -> storage.force(file, path)).hasMessageContaining("dead");
            storage.kill();
        }
        assertThat(path).as("not renamed, not what was written later").hasBinaryContent(filled(4096, 2));
        assertThat(storage.isDead()).isFalse();
        storage.delete(path);
    }

    /** The kernel goes on when a process dies, and with it what is only in its memory. */
    @Test
    void whatADeadProcessHadNotForcedALaterPowerCutTakes() throws IOException {
        Path path = dir.resolve("file");
        try (RandomAccessFile file = storage.open(path)) {
            file.write(filled(4096, 1));
            storage.force(file, path);
            storage.forceDirectory(dir);
            file.seek(0);
            file.write(filled(4096, 2));
            storage.open(dir.resolve("fresh")).close();
            storage.kill();
        }
        assertThat(path).hasBinaryContent(filled(4096, 2));
        assertThat(dir.resolve("fresh")).exists();
        storage.powerCut(new Random(1), 1);
        assertThat(path).hasBinaryContent(filled(4096, 1));
        assertThat(dir.resolve("fresh")).doesNotExist();
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
