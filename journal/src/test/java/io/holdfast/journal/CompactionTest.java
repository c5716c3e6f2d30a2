package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots, the dropped prefix, files that go, and a snapshot of another member. */
class CompactionTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withRollBytes(1 << 20);

    @TempDir
    Path scratch;
    private final JournalEntry entry = new JournalEntry();

    private Path dir() {
        return scratch.resolve("journal");
    }

    @Test
    void aSavedSnapshotIsThereAfterReopeningAndOnlyTheNewest() throws IOException {
        try (Journal journal = open(OPTIONS)) {
            append(journal, 1, 20);
            assertThat(journal.snapshot()).isNull();
            journal.commitIndex(10);
            assertThatThrownBy(() -> journal.saveSnapshot(11, 1, new byte[1])).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.saveSnapshot(10, 2, new byte[1])).isInstanceOf(IllegalArgumentException.class);
            journal.saveSnapshot(5, 1, new byte[] {5});
            journal.saveSnapshot(9, 1, new byte[] {9});
            assertThatThrownBy(() -> journal.saveSnapshot(9, 1, new byte[1])).isInstanceOf(IllegalArgumentException.class);
            assertThat(journal.isFailed()).isFalse();
        }
        try (Journal journal = open(OPTIONS)) {
            assertThat(journal.snapshot().index()).isEqualTo(9);
            assertThat(journal.snapshot().term()).isEqualTo(1);
            assertThat(journal.snapshot().bytes()).containsExactly(9);
            check(journal, 1, 20);
        }
        try (Stream<Path> files = Files.list(dir())) {
            assertThat(files.filter(file -> file.getFileName().toString().startsWith("snapshot"))).hasSize(1);
        }
    }

    @Test
    void whatIsDroppedIsGoneAndStaysGone() {
        try (Journal journal = open(OPTIONS)) {
            append(journal, 1, 20);
            journal.commitIndex(15);
            assertThatThrownBy(() -> journal.dropBefore(2)).isInstanceOf(IllegalArgumentException.class);
            journal.saveSnapshot(12, 1, new byte[3]);
            assertThatThrownBy(() -> journal.dropBefore(14)).isInstanceOf(IllegalArgumentException.class);
            journal.dropBefore(9);
            check(journal, 9, 20);
            journal.dropBefore(3);
            check(journal, 9, 20);
            journal.dropBefore(13);
            check(journal, 13, 20);
            journal.cutTail(16);
            assertThat(Commands.append(journal, 2, 16)).isEqualTo(16);
            check(journal, 13, 16);
        }
        try (Journal journal = open(OPTIONS)) {
            check(journal, 13, 16);
            assertThat(journal.termAt(12)).isEqualTo(1);
            assertThat(journal.termAt(11)).isZero();
            assertThat(journal.termAt(16)).isEqualTo(2);
            Commands.append(journal, 2, 17);
        }
        assertThat(JournalVerifier.verify(dir()).damage()).isNull();
        try (JournalReader reader = JournalReader.open(dir())) {
            assertThat(reader.firstIndex()).isEqualTo(13);
            assertThat(reader.lastIndex()).isEqualTo(17);
            assertThat(reader.read(12, entry)).isFalse();
        }
    }

    /** The journal turns over many times its bound and never holds more than that and two files. */
    @Test
    void diskUseStaysBounded() throws IOException {
        long keep = 3 << 20;
        long most = 0;
        try (Journal journal = open(OPTIONS.withMaxBytes(8 << 20))) {
            for (long i = 1; i <= 60_000; i++) {
                Commands.append(journal, 1, i);
                if (i % 500 == 0) {
                    journal.commitIndex(i);
                    journal.saveSnapshot(i, 1, new byte[100]);
                    journal.dropBefore(Math.min(i + 1, journal.firstIndexWithin(keep)));
                    most = Math.max(most, journal.bytesHeld());
                    assertThat(journal.isFull()).isFalse();
                }
            }
            assertThat(most).isBetween(2L << 20, 6L << 20);
            assertThat(journal.floorIndex()).isGreaterThan(50_000);
            check(journal, journal.floorIndex() + 1, 60_000);
            await().atMost(30, TimeUnit.SECONDS).until(() -> cycleFiles(dir()).size() <= 5);
            assertThat(journal.disposalProblem()).isNull();
        }
        try (Journal journal = open(OPTIONS)) {
            check(journal, journal.floorIndex() + 1, 60_000);
        }
        assertThat(JournalVerifier.verify(dir()).damage()).isNull();
    }

    @Test
    void aFullJournalSaysSoAndGoesOn_I9() {
        try (Journal journal = open(OPTIONS.withMaxBytes(2 << 20))) {
            long last = 0;
            while (!journal.isFull()) {
                last = Commands.append(journal, 1, last + 1);
            }
            assertThat(journal.bytesHeld()).isGreaterThanOrEqualTo(2 << 20);
            assertThat(journal.diskBytesFree()).as("a full journal is no full disk").isGreaterThan(1 << 20);
            last = Commands.append(journal, 1, last + 1);
            journal.commitIndex(last);
            journal.saveSnapshot(last, 1, new byte[0]);
            journal.dropBefore(last + 1);
            assertThat(journal.isFull()).isFalse();
            assertThat(journal.firstIndex()).isZero();
            assertThat(journal.lastIndex()).isEqualTo(last);
            assertThat(journal.lastTerm()).isEqualTo(1);
            assertThat(Commands.append(journal, 1, last + 1)).isEqualTo(last + 1);
        }
    }

    @Test
    void aDroppedFileIsArchivedAndReadThere() throws IOException {
        Path archive = scratch.resolve("archive");
        long last = 6_000;
        try (Journal journal = open(OPTIONS.withArchive(archive))) {
            append(journal, 1, last);
            journal.commitIndex(last);
            journal.saveSnapshot(last, 1, new byte[0]);
            journal.dropBefore(last + 1);
        }
        assertThat(cycleFiles(archive)).hasSizeGreaterThan(2);
        assertThat(cycleFiles(dir())).hasSize(1);
        try (JournalReader reader = JournalReader.open(archive)) {
            assertThat(reader.lastIndex()).isBetween(last / 2, last);
            checkNumbered(reader, 1, reader.lastIndex());
        }
        Files.delete(cycleFiles(archive).get(0));
        try (JournalReader reader = JournalReader.open(archive)) {
            assertThat(reader.firstIndex()).isGreaterThan(100);
            checkNumbered(reader, reader.firstIndex(), reader.lastIndex());
        }
        assertThat(JournalVerifier.verify(archive).damage()).isNull();
    }

    /** Between its beginning and its end the writer goes on. */
    @Test
    void entriesAreWrittenAndCutWhileACompactionIsStored() {
        try (Journal journal = open(OPTIONS)) {
            append(journal, 1, 20);
            journal.commitIndex(15);
            Compaction begun = journal.compaction(new Snapshot(15, 1, new byte[3]), 16);
            assertThatThrownBy(() -> journal.compaction(null, 2)).isInstanceOf(IllegalStateException.class);
            append(journal, 1, 30);
            journal.cutTail(18);
            begun.store();
            assertThat(journal.floorIndex()).isZero();
            check(journal, 1, 17);
            begun.finish();
            begun.finish();
            check(journal, 16, 17);
            journal.commitIndex(17);
            journal.saveSnapshot(17, 1, new byte[1]);
        }
        try (Journal journal = open(OPTIONS)) {
            check(journal, 16, 17);
        }
    }

    /** Stored, and then the process died: the floor counts. */
    @Test
    void whatIsStoredCountsAlsoUnfinished() {
        try (Journal journal = open(OPTIONS)) {
            append(journal, 1, 20);
            journal.commitIndex(15);
            journal.compaction(new Snapshot(15, 1, new byte[3]), 11).store();
        }
        try (Journal journal = open(OPTIONS)) {
            check(journal, 11, 20);
            assertThat(journal.snapshot().index()).isEqualTo(15);
        }
    }

    @Test
    void anInstalledSnapshotReplacesEverything() throws IOException {
        Path archive = scratch.resolve("archive");
        try (Journal journal = open(OPTIONS.withArchive(archive))) {
            append(journal, 3, 40);
            journal.commitIndex(10);
            assertThatThrownBy(() -> journal.installSnapshot(10, 3, new byte[1])).isInstanceOf(IllegalArgumentException.class);
            journal.installSnapshot(1000, 2, new byte[] {7});
            assertInstalled(journal);
            assertThat(Commands.append(journal, 2, 1001)).isEqualTo(1001);
            check(journal, 1001, 1001);
        }
        try (Journal journal = open(OPTIONS.withArchive(archive))) {
            check(journal, 1001, 1001);
            assertThat(journal.snapshot().bytes()).containsExactly(7);
            journal.installSnapshot(2000, 5, new byte[] {8});
            journal.installSnapshot(3000, 5, new byte[] {9});
        }
        try (Journal journal = open(OPTIONS.withArchive(archive))) {
            assertThat(journal.lastIndex()).isEqualTo(3000);
            assertThat(journal.firstIndex()).isZero();
            Commands.append(journal, 6, 3001);
        }
        assertThat(JournalVerifier.verify(dir()).damage()).isNull();
        assertThat(JournalVerifier.verify(archive).damage()).isNull();
        RawRecords archived = new RawRecords(archive);
        long restarts = 0;
        long records = 0;
        while (archived.next(entry)) {
            records++;
            restarts += entry.kind() == EntryKind.RESTART ? 1 : 0;
        }
        assertThat(records).isEqualTo(43);
        assertThat(restarts).isEqualTo(2);
    }

    private static void assertInstalled(Journal journal) {
        assertThat(journal.floorIndex()).isEqualTo(1000);
        assertThat(journal.floorTerm()).isEqualTo(2);
        assertThat(journal.commitIndex()).isEqualTo(1000);
        assertThat(journal.firstIndex()).isZero();
        assertThat(journal.lastIndex()).isEqualTo(1000);
        assertThat(journal.lastTerm()).isEqualTo(2);
        assertThat(journal.termAt(1000)).isEqualTo(2);
        assertThat(journal.termAt(40)).isZero();
        assertThat(journal.read(40, new JournalEntry())).isFalse();
    }

    /** Each drop takes files away under the reader; it follows, or begins again at the floor. */
    @Test
    void aReaderFollowsAWriterThatDrops() {
        try (Journal journal = open(OPTIONS); JournalReader reader = JournalReader.open(dir())) {
            for (long i = 1; i <= 30_000; i++) {
                Commands.append(journal, 1, i);
                if (i % 1_000 == 0) {
                    journal.commitIndex(i);
                    journal.saveSnapshot(i, 1, new byte[0]);
                    journal.dropBefore(i - 50);
                }
                if (i % 7_000 == 0 || i > 29_000) {
                    reader.refresh();
                    assertThat(reader.lastIndex()).isEqualTo(i);
                    assertThat(reader.floorIndex()).isEqualTo(journal.floorIndex());
                    checkNumbered(reader, reader.firstIndex(), i);
                    assertThat(JournalVerifier.verify(dir()).damage()).isNull();
                }
            }
            journal.installSnapshot(50_000, 2, new byte[0]);
            assertThat(reader.refresh()).isTrue();
            assertThat(reader.lastIndex()).isEqualTo(50_000);
            Commands.append(journal, 2, 50_001);
            reader.refresh();
            checkNumbered(reader, 50_001, 50_001);
        }
    }

    @Test
    void anEntryIsFoundByItsTime() {
        try (Journal journal = open(OPTIONS)) {
            append(journal, 1, 3_000);
            assertThat(journal.indexAt(0)).isEqualTo(1);
            assertThat(journal.indexAt(1234)).isEqualTo(1234);
            assertThat(journal.indexAt(3001)).isEqualTo(3001);
            journal.commitIndex(2_000);
            journal.saveSnapshot(2_000, 1, new byte[0]);
            journal.dropBefore(1_500);
            assertThat(journal.indexAt(1234)).isEqualTo(1_500);
            assertThat(journal.indexAt(1_700)).isEqualTo(1_700);
            try (JournalReader reader = JournalReader.open(dir())) {
                assertThat(reader.indexAt(2_345)).isEqualTo(2_345);
            }
        }
    }

    private Journal open(JournalOptions options) {
        return Journal.open(dir(), options);
    }

    private static void append(Journal journal, long term, long last) {
        for (long i = journal.lastIndex() + 1; i <= last; i++) {
            Commands.append(journal, term, i);
        }
    }

    private void check(Journal journal, long first, long last) {
        assertThat(journal.firstIndex()).isEqualTo(first);
        assertThat(journal.floorIndex()).isEqualTo(first - 1);
        assertThat(journal.lastIndex()).isEqualTo(last);
        assertThat(journal.read(first - 1, entry)).isFalse();
        for (long i = first; i <= last; i++) {
            assertThat(journal.read(i, entry)).isTrue();
            assertThat(Commands.isNumbered(entry, i)).as("entry %d", i).isTrue();
        }
        assertThat(journal.read(last + 1, entry)).isFalse();
    }

    private void checkNumbered(JournalReader reader, long first, long last) {
        assertThat(reader.firstIndex()).isEqualTo(first);
        for (long i = first; i <= last; i++) {
            assertThat(reader.read(i, entry)).isTrue();
            assertThat(Commands.isNumbered(entry, i)).as("entry %d", i).isTrue();
        }
    }

    private static List<Path> cycleFiles(Path dir) throws IOException {
        return CycleFiles.paths(dir).stream().sorted().toList();
    }
}
