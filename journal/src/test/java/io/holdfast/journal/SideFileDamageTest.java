package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bits flipped in the small files beside a journal's records: opening refuses and says so, or the journal holds what it held. */
class SideFileDamageTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20);
    private static final int ENTRIES = 40;
    private static final int COMMITTED = 30;
    private static final int SNAPSHOT = 20;
    private static final int FLOOR = 10;
    private static final int MORE = 5;
    private static final byte[] STATE = "what stands for twenty entries".getBytes();
    /** What is stored stands in the first bytes of each page, and in its last ones. */
    private static final int PAGE_BYTES = 4096;
    private static final int FIRST_BYTES = 72;
    private static final int MARK_END = 512;
    private static final int LAST_BYTES = 4;
    private static final int OTHERS = 400;

    @TempDir
    Path dir;
    private final Random random = new Random(29);
    private FaultyStorage disk;
    private final Map<Path, byte[]> whole = new HashMap<>();
    private final JournalEntry entry = new JournalEntry();

    private void write() throws IOException {
        disk = new FaultyStorage(dir);
        try (Journal journal = disk.openJournal(OPTIONS.withDurability(Durability.DISK))) {
            Commands.append(journal, 3, 1, ENTRIES);
            journal.sync();
            journal.commitIndex(COMMITTED);
            journal.saveSnapshot(SNAPSHOT, 3, STATE);
            journal.dropBefore(FLOOR + 1);
        }
    }

    private void keep() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            for (Path path : files.toList()) {
                whole.put(path, Files.readAllBytes(path));
            }
        }
    }

    private void restore() throws IOException {
        for (Map.Entry<Path, byte[]> file : whole.entrySet()) {
            if (!Files.exists(file.getKey()) || !Arrays.equals(Files.readAllBytes(file.getKey()), file.getValue())) {
                Files.write(file.getKey(), file.getValue());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"floor, false", "snapshot-20, false", "forced, true", "state, true"})
    void aFlippedBitIsFoundOrChangesNothing(String name, boolean someAreHarmless) throws IOException {
        write();
        keep();
        int opened = 0;
        int refused = 0;
        for (int at : places(name)) {
            flip(name, at, random.nextInt(Byte.SIZE));
            try (Journal journal = disk.openJournal(OPTIONS)) {
                assertHoldsWhatItHeld(journal, ENTRIES, name + " byte " + at);
                assertThat(journal.mayHaveForgotten()).as("%s byte %d", name, at).isFalse();
                opened++;
            } catch (JournalException refusal) {
                requireClear(refusal, name);
                refused++;
            }
            restore();
        }
        assertThat(opened > 0).as("%d times opened, %d times refused", opened, refused).isEqualTo(someAreHarmless);
        // Of the mark there are two slots, and what the older one tells holds too.
        assertThat(refused > 0).as("%d times opened, %d times refused", opened, refused).isEqualTo(!name.equals(ForcedMark.FILE_NAME));
    }

    private void requireClear(JournalException refusal, String name) {
        assertThat(refusal.getMessage()).startsWith(refusal.file().toString()).contains(dir.toString(), name)
                .containsAnyOf(JournalException.REJOIN, "begin with an empty directory");
    }

    /** Too low is harmless; too high would count entries as committed that may yet be cut. */
    @Test
    void noBitRaisesTheCommitIndex() throws IOException {
        write();
        keep();
        for (int offset : new int[] {StateFile.COMMIT_INDEX, StateFile.COMMIT_INDEX_AGAIN}) {
            for (int bit = 0; bit < Long.SIZE; bit++) {
                flip(StateFile.FILE_NAME, offset + bit / Byte.SIZE, bit % Byte.SIZE);
                try (Journal journal = disk.openJournal(OPTIONS)) {
                    assertHoldsWhatItHeld(journal, ENTRIES, "bit " + bit + " at " + offset);
                } catch (JournalException refusal) {
                    requireClear(refusal, StateFile.FILE_NAME);
                    assertThat(bit).as("only the sign, with which it can be no index, is refused").isEqualTo(Byte.SIZE - 1);
                }
                restore();
            }
        }
    }

    @Test
    void aStateOfAnEarlierBuildIsTakenAndLeftWithTwoCommitIndices() throws IOException {
        write();
        Path state = dir.resolve(StateFile.FILE_NAME);
        byte[] earlier = Files.readAllBytes(state);
        assertThat(ByteBuffer.wrap(earlier).getLong(StateFile.COMMIT_INDEX_AGAIN)).isEqualTo(~COMMITTED);
        Files.write(state, ByteBuffer.wrap(earlier.clone()).putLong(StateFile.COMMIT_INDEX_AGAIN, 0).array());
        try (JournalReader reader = JournalReader.open(dir)) {
            assertThat(reader.commitIndex()).isEqualTo(COMMITTED);
        }
        try (Journal journal = disk.openJournal(OPTIONS)) {
            assertThat(journal.commitIndex()).isEqualTo(COMMITTED);
        }
        assertThat(Files.readAllBytes(state)).isEqualTo(earlier);
    }

    /** The slot of the mark before says that all was forced before it was acknowledged; of these entries that does not hold. */
    @Test
    void aMemberThatMayHaveForgottenKnowsItWhicheverSlotRots() throws IOException {
        write();
        Journal open = disk.openJournal(OPTIONS.withDurability(Durability.PROCESS));
        Commands.append(open, 3, ENTRIES + 1, MORE);
        disk.powerCut(random, 0, open);
        keep();
        for (int slot = 0; slot < ForcedMark.SLOTS; slot++) {
            flip(ForcedMark.FILE_NAME, slot * ForcedMark.SLOT_BYTES + 8, 0);
            try (Journal journal = disk.openJournal(OPTIONS)) {
                assertHoldsWhatItHeld(journal, ENTRIES + MORE, "slot " + slot);
                assertThat(journal.mayHaveForgotten()).as("slot %d has rotted", slot).isTrue();
            }
            restore();
        }
    }

    private void assertHoldsWhatItHeld(Journal journal, long last, String where) {
        assertThat(journal.floorIndex()).as(where).isEqualTo(FLOOR);
        assertThat(journal.floorTerm()).as(where).isEqualTo(3);
        assertThat(journal.snapshot().index()).as(where).isEqualTo(SNAPSHOT);
        assertThat(journal.snapshot().term()).as(where).isEqualTo(3);
        assertThat(journal.snapshot().bytes()).as(where).isEqualTo(STATE);
        assertThat(journal.lastIndex()).as(where).isEqualTo(last);
        assertThat(journal.commitIndex()).as(where).isBetween((long) SNAPSHOT, (long) COMMITTED);
        for (long i = FLOOR + 1; i <= last; i++) {
            assertThat(journal.read(i, entry) && Commands.isNumbered(entry, i) && entry.term() == 3).as("%s, entry %d", where, i).isTrue();
        }
    }

    /** Every byte in which something stands, and some others. */
    private List<Integer> places(String name) {
        int size = whole.get(dir.resolve(name)).length;
        List<Integer> places = new ArrayList<>();
        for (int at = 0; at < size; at++) {
            int inPage = at % PAGE_BYTES;
            if (inPage < FIRST_BYTES || inPage >= MARK_END - LAST_BYTES && inPage < MARK_END || inPage >= PAGE_BYTES - LAST_BYTES
                    || random.nextInt(OTHERS) == 0) {
                places.add(at);
            }
        }
        return places;
    }

    private void flip(String name, int at, int bit) throws IOException {
        Path file = dir.resolve(name);
        byte[] bytes = whole.get(file).clone();
        bytes[at] ^= (byte) (1 << bit);
        Files.write(file, bytes);
    }
}
