package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalReaderTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(4 << 20);
    private static final long HOUR = 3_600_000;

    @TempDir
    Path dir;
    private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
    private final JournalEntry entry = new JournalEntry();

    @Test
    void itFollowsALiveWriterOverCutsAndFiles() {
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get); JournalReader reader = JournalReader.open(dir)) {
            assertThat(reader.lastIndex()).isZero();
            assertThat(reader.refresh()).isFalse();
            for (long i = 1; i <= 500; i++) {
                Commands.append(journal, 1 + i / 100, i);
                if (i % 50 == 0) {
                    clock.addAndGet(HOUR);
                    assertThat(reader.refresh()).isTrue();
                    assertThat(reader.lastIndex()).isEqualTo(i);
                }
            }
            journal.commitIndex(100);
            journal.cutTail(401);
            Commands.append(journal, 9, 401);
            assertThat(reader.lastIndex()).isEqualTo(500);
            reader.refresh();
            assertThat(reader.firstIndex()).isEqualTo(1);
            assertThat(reader.lastIndex()).isEqualTo(401);
            assertThat(reader.termAt(401)).isEqualTo(9);
            assertThat(reader.commitIndex()).isEqualTo(100);
            for (long i = 1; i <= 401; i++) {
                assertThat(reader.read(i, entry)).isTrue();
                assertThat(Commands.isNumbered(entry, i)).isTrue();
            }
            assertThat(reader.read(402, entry)).isFalse();
        }
    }

    @Test
    void rawRecordsShowDeadBranchesAndCuts() {
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 5; i++) {
                Commands.append(journal, 1, i);
            }
            journal.cutTail(4);
            Commands.append(journal, 2, 44);
        }
        List<String> seen = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(dir)) {
            RawRecords records = reader.raw();
            long before = 0;
            while (records.next(entry)) {
                seen.add(entry.kind() == EntryKind.TAIL_CUT
                        ? "cut " + entry.index() + ".." + RawRecords.droppedThrough(entry)
                        : entry.index() + "@" + entry.term());
                assertThat(records.offsetBytes()).isGreaterThan(before);
                before = records.offsetBytes();
                assertThat(records.file()).exists();
            }
        }
        assertThat(seen).containsExactly("1@1", "2@1", "3@1", "4@1", "5@1", "cut 4..5", "4@2");
    }

    /** Not a byte, not a name, not a time stamp but that of reading; beside a live writer and without one. */
    @Test
    void itWritesNothingAtAll() throws IOException {
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 300; i++) {
                Commands.append(journal, 1, i);
                clock.addAndGet(HOUR / 100);
            }
            Map<String, String> before = snapshot();
            readAll();
            assertThat(snapshot()).isEqualTo(before);
        }
        Files.delete(dir.resolve("metadata.cq4t"));
        Map<String, String> before = snapshot();
        readAll();
        assertThat(JournalVerifier.verify(dir).whole()).isTrue();
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void anEmptyOrMissingDirectoryIsToldApart(@TempDir Path empty) {
        try (JournalReader reader = JournalReader.open(empty)) {
            assertThat(reader.lastIndex()).isZero();
            assertThat(reader.commitIndex()).isZero();
        }
        assertThatThrownBy(() -> JournalReader.open(empty.resolve("none"))).isInstanceOf(JournalException.class);
        assertThat(JournalVerifier.verify(empty).whole()).isTrue();
    }

    @Test
    void theVerifierCountsWhatThereIs() {
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 10; i++) {
                Commands.append(journal, 3, i);
            }
            journal.cutTail(8);
        }
        assertThat(JournalVerifier.verify(dir)).isEqualTo(new JournalVerifier.Report(11, 1, 7, 3, null));
    }

    private void readAll() {
        try (JournalReader reader = JournalReader.open(dir)) {
            assertThat(reader.lastIndex()).isEqualTo(300);
            for (long i = 1; i <= 300; i++) {
                assertThat(reader.read(i, entry)).isTrue();
            }
            reader.refresh();
            reader.commitIndex();
            assertThat(reader.raw().next(entry)).isTrue();
        }
    }

    /** Name to size, blocks, times of change and content of each file, the directory itself included. */
    private Map<String, String> snapshot() throws IOException {
        Map<String, String> snapshot = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(dir)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Map<String, Object> times = Files.readAttributes(path, "unix:size,lastModifiedTime,ctime,ino");
                snapshot.put(path.toString(), times + " "
                        + (Files.isRegularFile(path) ? java.util.Arrays.hashCode(Files.readAllBytes(path)) : 0));
            }
        }
        return snapshot;
    }
}
