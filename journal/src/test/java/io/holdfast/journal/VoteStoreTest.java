package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VoteStoreTest {
    @TempDir
    Path dir;
    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = dir.resolve(VoteStore.FILE_NAME);
    }

    @Test
    void itStartsWithNothingAndRemembersAcrossReopening() {
        try (VoteStore votes = VoteStore.open(dir)) {
            assertThat(votes.term()).isZero();
            assertThat(votes.votedFor()).isNull();
            votes.save(1, null);
            votes.save(1, "n1");
            votes.save(5, "knoten-ä");
        }
        assertHolds(5, "knoten-ä");
        try (VoteStore votes = VoteStore.open(dir)) {
            votes.save(6, null);
        }
        assertHolds(6, null);
    }

    @Test
    void aTermNeverFallsAndAVoteNeverChanges() {
        try (VoteStore votes = VoteStore.open(dir)) {
            votes.save(3, "n1");
            votes.save(3, "n1");
            assertThatThrownBy(() -> votes.save(2, null)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> votes.save(3, "n2")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> votes.save(3, null)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> votes.save(4, "x".repeat(500))).isInstanceOf(IllegalArgumentException.class);
        }
        assertHolds(3, "n1");
    }

    /** A crash in the first write of a save: the state before it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 100, 4092})
    void aSlotTornInTheMiddleLeavesTheStateBefore(int tornAt) throws IOException {
        byte[] before = saved(4, "n2");
        byte[] after = saved(9, "n3");
        byte[] torn = before.clone();
        System.arraycopy(after, 0, torn, 0, tornAt);
        Files.write(file, torn);
        assertHolds(4, "n2");
    }

    /** A crash between the two writes: the save is there, it was only not acknowledged yet. */
    @Test
    void aSaveHalfDoneIsTaken() throws IOException {
        byte[] before = saved(4, "n2");
        byte[] after = saved(9, "n3");
        byte[] half = before.clone();
        System.arraycopy(after, 0, half, 0, VoteStore.SLOT_BYTES);
        Files.write(file, half);
        assertHolds(9, "n3");
    }

    /** An acknowledged vote outlives the loss of either slot: forgetting it could elect two leaders. */
    @ParameterizedTest
    @ValueSource(ints = {0, VoteStore.SLOT_BYTES})
    void aSlotThatRotsLosesNothing(int slot) throws IOException {
        saved(4, "n2");
        byte[] bytes = saved(9, "n3");
        bytes[slot + 20] ^= 1;
        Files.write(file, bytes);
        assertHolds(9, "n3");
        try (VoteStore votes = VoteStore.open(dir)) {
            votes.save(10, "n1");
        }
        assertHolds(10, "n1");
    }

    @Test
    void withoutAWholeSlotItRefuses() throws IOException {
        byte[] bytes = saved(4, "n2");
        bytes[8] ^= 1;
        bytes[VoteStore.SLOT_BYTES + 8] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> VoteStore.open(dir)).isInstanceOf(JournalException.class).hasMessageContaining(file.toString());
        Files.write(file, Arrays.copyOf(bytes, 100));
        assertThatThrownBy(() -> VoteStore.open(dir)).isInstanceOf(JournalException.class).hasMessageContaining("ends at byte 100");
    }

    @Test
    void anInterruptedThreadSaves() {
        try (VoteStore votes = VoteStore.open(dir)) {
            for (int term = 1; term <= 3; term++) {
                Thread.currentThread().interrupt();
                votes.save(term, "n1");
                assertThat(Thread.interrupted()).isTrue();
            }
        }
        assertHolds(3, "n1");
    }

    @Test
    void aClosedStoreRefuses_I7() {
        VoteStore votes = VoteStore.open(dir);
        votes.close();
        assertThatThrownBy(() -> votes.save(1, "n1")).isInstanceOf(JournalException.class);
    }

    private byte[] saved(long term, String vote) throws IOException {
        try (VoteStore votes = VoteStore.open(dir)) {
            votes.save(term, vote);
        }
        return Files.readAllBytes(file);
    }

    private void assertHolds(long term, String vote) {
        try (VoteStore votes = VoteStore.open(dir)) {
            assertThat(votes.term()).isEqualTo(term);
            assertThat(votes.votedFor()).isEqualTo(vote);
        }
    }
}
