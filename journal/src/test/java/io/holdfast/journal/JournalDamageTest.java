package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage done by hand to the files of a closed journal: it is found, or what was acknowledged is all there. */
class JournalDamageTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20);
    private static final long HOUR = 3_600_000;
    private static final int ENTRIES = 60;
    private static final int BATCH = 12;

    @TempDir
    Path dir;
    private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
    private final JournalEntry entry = new JournalEntry();

    @ParameterizedTest
    @ValueSource(ints = {1, BATCH})
    void aFlippedBitInAnyRecordIsFound(int batch) throws IOException {
        writeBatches(1, batch);
        Path file = cycleFiles().get(0);
        List<Long> starts = recordStarts();
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(7);
        for (int record = 0; record < starts.size(); record++) {
            long start = starts.get(record);
            int length = StoredRecord.length(whole, (int) start + CycleFile.HEADER_BYTES);
            long at = start + CycleFile.HEADER_BYTES + random.nextInt(length);
            flip(file, at, random.nextInt(8));
            JournalException refusal = refusal();
            assertThat(refusal.file()).isEqualTo(file);
            assertThat(refusal.offsetBytes()).as("byte %d flipped", at).isEqualTo(start + CycleFile.HEADER_BYTES);
            assertThat(refusal).hasMessage(JournalVerifier.verify(dir).damage().getMessage() + ". " + JournalException.REJOIN);
            assertThat(JournalVerifier.verify(dir).records()).isEqualTo(record);
            Files.write(file, whole);
        }
        assertThat(JournalVerifier.verify(dir).whole()).isTrue();
        assertWhole(ENTRIES);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, BATCH})
    void aFlippedBitInAnyDocumentHeaderIsFound(int batch) throws IOException {
        writeBatches(1, batch);
        Path file = cycleFiles().get(0);
        byte[] whole = Files.readAllBytes(file);
        List<Long> documents = everyNth(recordStarts(), batch);
        for (long start : documents) {
            for (int bit = 0; bit < 32; bit++) {
                flip(file, start + bit / 8, bit % 8);
                JournalException refusal = refusal();
                assertThat(refusal).as("bit %d of the header at %d", bit, start).isNotNull();
                assertThat(refusal.file()).isEqualTo(file);
                flip(file, start + bit / 8, bit % 8);
            }
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    }

    /** Wherever the file is cut off or zeroed from: never fewer entries without a word. */
    @Test
    void aTornTailIsRefusedWithItsPlaceOrLosesNothing() throws IOException {
        write(1);
        Path file = cycleFiles().get(0);
        byte[] whole = Files.readAllBytes(file);
        List<Long> starts = recordStarts();
        long end = CycleFile.next(starts.get(ENTRIES - 1), ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN)
                .getInt(starts.get(ENTRIES - 1).intValue()));
        Random random = new Random(11);
        for (int i = 0; i < 60; i++) {
            long at = starts.get(0) + random.nextInt((int) (end + 100 - starts.get(0)));
            boolean cut = i % 2 == 0;
            try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
                if (cut) {
                    out.setLength(at);
                } else {
                    out.seek(at);
                    out.write(new byte[(int) (whole.length - at)]);
                }
            }
            if (at >= end) {
                assertWhole(ENTRIES);
            } else {
                JournalException refusal = refusal();
                assertThat(refusal.file()).isEqualTo(file);
                assertThat(refusal.offsetBytes()).as("cut %s at %d", cut, at).isBetween(at - 2000, at + 4);
                assertThat(JournalVerifier.verify(dir).whole()).isFalse();
            }
            Files.write(file, whole);
        }
    }

    /** The process died after the record and before Chronicle's header: the entry may be there, the rest must. */
    @Test
    void aLastRecordThatChronicleHadNotCountedYetIsTaken() throws IOException {
        write(1);
        List<Long> starts = recordStarts();
        setWritePosition(starts.get(ENTRIES - 2));
        assertWhole(ENTRIES);
        try (Journal journal = open()) {
            Commands.append(journal, 1, ENTRIES + 1);
        }
        assertWhole(ENTRIES + 1);
    }

    /** The process died in the middle of an append: bytes without a header. A shorter record must not uncover them. */
    @Test
    void whatADyingAppendLeftIsWiped() throws IOException {
        write(1);
        Files.delete(dir.resolve(ForcedMark.FILE_NAME));
        Path file = cycleFiles().get(0);
        List<Long> starts = recordStarts();
        setWritePosition(starts.get(ENTRIES - 2));
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(starts.get(ENTRIES - 1));
            out.writeInt(0);
        }
        assertWhole(ENTRIES - 1);
        try (Journal journal = open()) {
            byte[] shortOne = Command.encode(EntryKind.EVENT, 0, 0, new byte[0]);
            assertThat(journal.append(1, false, shortOne, 0, shortOne.length)).isEqualTo(ENTRIES);
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            in.seek(starts.get(ENTRIES - 1) + 60);
            byte[] behind = new byte[1500];
            in.readFully(behind);
            assertThat(behind).containsOnly(0);
        }
        try (JournalReader reader = JournalReader.open(dir)) {
            assertThat(reader.lastIndex()).isEqualTo(ENTRIES);
        }
    }

    /** A page in the middle that never reached the disk, and a header page that did not either: no silent cut there. */
    @Test
    void aHoleBeforeLaterRecordsIsFound() throws IOException {
        write(1);
        Files.delete(dir.resolve(ForcedMark.FILE_NAME));
        List<Long> starts = recordStarts();
        setWritePosition(starts.get(9));
        try (RandomAccessFile out = new RandomAccessFile(cycleFiles().get(0).toFile(), "rw")) {
            out.seek(starts.get(10));
            out.write(new byte[(int) (starts.get(12) - starts.get(10))]);
        }
        JournalException refusal = refusal();
        assertThat(refusal.offsetBytes()).isEqualTo(starts.get(10));
        assertThat(refusal).hasMessageContaining("entries between are missing");
    }

    @Test
    void aMissingFileIsFoundWhicheverItIs() throws IOException {
        write(4);
        List<Path> files = cycleFiles();
        assertThat(files).hasSize(4);
        Path aside = dir.resolve("aside");
        for (Path file : files) {
            Files.move(file, aside);
            JournalException refusal = refusal();
            assertThat(refusal).hasMessageContaining("missing");
            assertThat(files.subList(0, 4)).contains(refusal.file());
            Files.move(aside, file);
        }
        assertWhole(ENTRIES);
        Files.move(files.get(1), aside);
        assertThat(refusal()).hasMessageContaining("a cycle file between " + files.get(0).getFileName())
                .hasMessageContaining(files.get(2).toString());
        assertThat(JournalVerifier.verify(dir).whole()).isFalse();
    }

    @Test
    void aFileOfAnotherJournalIsFound(@TempDir Path other) throws IOException {
        write(3);
        Path mine = cycleFiles().get(1);
        try (Journal journal = Journal.open(other, OPTIONS, () -> 500_001 * HOUR)) {
            Commands.append(journal, 1, 1);
        }
        Files.copy(other.resolve(mine.getFileName()), mine, StandardCopyOption.REPLACE_EXISTING);
        assertThat(refusal().file()).isEqualTo(mine);
    }

    @Test
    void committedEntriesThatAreGoneAreFound() throws IOException {
        write(1);
        try (Journal journal = open()) {
            journal.commitIndex(ENTRIES);
        }
        List<Long> starts = recordStarts();
        setWritePosition(starts.get(39));
        try (RandomAccessFile out = new RandomAccessFile(cycleFiles().get(0).toFile(), "rw")) {
            out.seek(starts.get(40));
            out.write(new byte[(int) (out.length() - starts.get(40))]);
        }
        assertThat(refusal()).hasMessageContaining("entries up to 60 were committed");
        assertThat(JournalVerifier.verify(dir).whole()).isFalse();
    }

    @Test
    void aMissingStateFileIsFound() throws IOException {
        write(1);
        Files.delete(dir.resolve(StateFile.FILE_NAME));
        assertThat(refusal().file()).isEqualTo(dir.resolve(StateFile.FILE_NAME));
    }

    /** Chronicle would wait ten seconds for the header, rename the file to .discard and begin an empty one. */
    @Test
    void aFileWhoseHeaderWasNeverFinishedIsBegunAnew() throws IOException {
        write(2);
        clock.addAndGet(HOUR);
        Path unborn = CycleFiles.pathOf(dir, (int) (clock.get() / CycleFiles.CYCLE_MS));
        for (int header : new int[] {0, 0x00000080}) {
            Files.write(unborn, ByteBuffer.allocate(300_000).putInt(0, header).array());
            assertWhole(ENTRIES);
            assertThat(unborn).doesNotExist();
        }
        try (Journal journal = open()) {
            Commands.append(journal, 1, ENTRIES + 1);
        }
        assertWhole(ENTRIES + 1);
    }

    @Test
    void aLostHeaderOfAFileWithRecordsIsRefused() throws IOException {
        write(2);
        Path newest = cycleFiles().get(1);
        try (RandomAccessFile out = new RandomAccessFile(newest.toFile(), "rw")) {
            out.write(new byte[4]);
        }
        JournalException refusal = refusal();
        assertThat(refusal.file()).isEqualTo(newest);
        assertThat(refusal).hasMessageContaining("no header but a record");
        assertThat(newest).exists();
    }

    @Test
    void aForeignFileIsRefused() throws IOException {
        write(1);
        Files.write(dir.resolve("20200101.cq4"), new byte[100]);
        assertThatThrownBy(this::open).isInstanceOf(JournalException.class).hasMessageContaining("20200101.cq4");
    }

    @Test
    void chroniclesMetadataMayBeLostOrRubbish() throws IOException {
        write(2);
        Files.write(dir.resolve("metadata.cq4t"), new byte[] {1, 2, 3});
        assertWhole(ENTRIES);
        Files.delete(dir.resolve("metadata.cq4t"));
        assertWhole(ENTRIES);
    }

    /** Chronicle's own tables may rot: the entries are read without them, and the journal stops rather than lies. */
    @Test
    void rotInChroniclesTablesNeverHarmsAnEntry() throws IOException {
        write(1);
        Path file = cycleFiles().get(0);
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(3);
        int[] places = {0x04, 0x11, 0x5c, 0xc7, 0x4110, 0x4120, 0x8100};
        for (int i = 0; i < 40; i++) {
            int at = i < places.length ? places[i] : 0x50 + random.nextInt(0x40);
            flip(file, at, random.nextInt(8));
            assertThat(JournalVerifier.verify(dir).records()).isIn(0L, (long) ENTRIES);
            long acknowledged = ENTRIES;
            try (Journal journal = open()) {
                while (acknowledged < ENTRIES + 20) {
                    acknowledged = Commands.append(journal, 1, acknowledged + 1);
                }
            } catch (JournalException refusedOrStopped) {
                assertThat(refusedOrStopped).hasMessageContaining(dir.toString());
            }
            if (JournalVerifier.verify(dir).whole()) {
                try (JournalReader reader = JournalReader.open(dir)) {
                    assertThat(reader.lastIndex()).isBetween(acknowledged, acknowledged + 1);
                    for (long k = 1; k <= reader.lastIndex(); k++) {
                        assertThat(reader.read(k, entry)).isTrue();
                        assertThat(Commands.isNumbered(entry, k)).isTrue();
                    }
                }
            }
            Files.write(file, whole);
        }
    }

    /** The end is gone as if it had never been, Chronicle's own word for it too; only the mark knows that it was forced. */
    @Test
    void aForcedEndThatIsGoneIsAViolation() throws IOException {
        write(1);
        Path file = cycleFiles().get(0);
        List<Long> starts = recordStarts();
        long at = starts.get(ENTRIES - 3);
        long lastThere = starts.get(ENTRIES - 4);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(at);
            out.write(new byte[(int) (out.length() - at)]);
        }
        setWritePosition(lastThere);
        List<Violation> violations = audit();
        assertThat(violations).hasSize(1);
        Violation found = violations.get(0);
        assertThat(found.rule()).isEqualTo(JournalAudit.FORCED);
        assertThat(found.file()).isEqualTo(file);
        assertThat(found.offsetBytes()).isEqualTo(at);
        assertThat(found.index()).isEqualTo(ENTRIES - 3);
        assertThat(found.what()).contains("ends here, with entry " + (ENTRIES - 3), "up to " + file.getFileName() + " byte ",
                "bytes of records");
        assertThat(JournalVerifier.verify(dir).damage()).hasMessageContaining("at byte " + at + ": the journal ends here");
        assertThat(refusal()).hasMessageContaining("at byte " + at + ": the journal ends here");
    }

    @Test
    void aForcedFileThatIsGoneIsAViolation() throws IOException {
        write(3);
        List<Path> files = cycleFiles();
        Path newest = files.get(files.size() - 1);
        Files.delete(newest);
        assertThat(audit()).anySatisfy(violation -> {
            assertThat(violation.rule()).isEqualTo(JournalAudit.FORCED);
            assertThat(violation.file()).isEqualTo(files.get(files.size() - 2));
            assertThat(violation.what()).contains(newest.getFileName().toString());
        });
    }

    private List<Violation> audit() {
        List<Violation> found = new ArrayList<>();
        new JournalAudit(dir, new JournalAudit.Visitor() {
            @Override
            public void onRecord(JournalEntry record, Path file, long offsetBytes) {
                // Only what is wrong.
            }

            @Override
            public void onViolation(Violation violation) {
                found.add(violation);
            }
        }).run();
        return found;
    }

    @Test
    void damageAfterOpeningIsFoundByTheRead() throws IOException {
        write(1);
        long start = recordStarts().get(20);
        try (Journal journal = open()) {
            flip(cycleFiles().get(0), start + 4 + 40, 3);
            assertThat(journal.read(20, entry)).isTrue();
            assertThatThrownBy(() -> journal.read(21, entry)).isInstanceOf(JournalException.class)
                    .hasMessageContaining("at byte " + (start + CycleFile.HEADER_BYTES));
        }
    }

    private Journal open() {
        return Journal.open(dir, OPTIONS, clock::get);
    }

    private void write(int files) {
        writeBatches(files, 1);
    }

    /** So many entries in each document, which divide those of a file. */
    private void writeBatches(int files, int batch) {
        try (Journal journal = open()) {
            for (long i = batch; i <= ENTRIES; i += batch) {
                Commands.append(journal, 1, i - batch + 1, batch);
                if (i % (ENTRIES / files) == 0 && i < ENTRIES) {
                    clock.addAndGet(HOUR);
                }
            }
            journal.sync();
        }
    }

    private static List<Long> everyNth(List<Long> all, int n) {
        return IntStream.range(0, all.size()).filter(i -> i % n == 0).mapToObj(all::get).toList();
    }

    private void assertWhole(long last) {
        try (Journal journal = open()) {
            assertThat(journal.lastIndex()).isEqualTo(last);
            for (long i = 1; i <= last; i++) {
                assertThat(journal.read(i, entry)).isTrue();
                assertThat(Commands.isNumbered(entry, i)).isTrue();
            }
        }
    }

    private JournalException refusal() {
        JournalException refusal = catchThrowableOfType(JournalException.class, () -> open().close());
        assertThat(refusal).as("it opened").isNotNull();
        String place = refusal.offsetBytes() < 0 ? "" : " at byte " + refusal.offsetBytes();
        assertThat(refusal).hasMessageStartingWith(refusal.file() + place + ": ").hasMessageEndingWith(". " + JournalException.REJOIN);
        assertThat(refusal.getMessage().split("\\Q" + JournalException.REJOIN, -1)).as("said once").hasSize(2);
        assertThat(refusal.offsetBytes() >= 0 || refusal.getMessage().contains("missing")).as("the place is named: %s", refusal).isTrue();
        JournalException damage = JournalVerifier.verify(dir).damage();
        if (damage != null) {
            assertThat(damage.getMessage()).as("who only looks has no member to remove").doesNotContain("member");
        }
        return refusal;
    }

    /** Where the document header of each record starts, in the newest file. */
    private List<Long> recordStarts() {
        List<Long> starts = new ArrayList<>();
        RawRecords records = new RawRecords(dir);
        while (records.next(entry)) {
            starts.add(records.offsetBytes() - CycleFile.HEADER_BYTES);
        }
        return starts;
    }

    private void setWritePosition(long position) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(cycleFiles().get(0).toFile(), "rw")) {
            out.seek(CycleFile.WRITE_POSITION_OFFSET);
            out.writeLong(Long.reverseBytes(position));
        }
    }

    private static void flip(Path file, long at, int bit) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(at);
            int value = out.read();
            out.seek(at);
            out.write(value ^ 1 << bit);
        }
    }

    private List<Path> cycleFiles() throws IOException {
        try (Stream<Path> paths = Files.list(dir)) {
            return paths.filter(path -> path.toString().endsWith(".cq4")).sorted().toList();
        }
    }
}
