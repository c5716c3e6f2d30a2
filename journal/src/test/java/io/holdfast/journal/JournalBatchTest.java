package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries that are appended together stand in one document, and are read as any others. */
class JournalBatchTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(4 << 20).withRollBytes(1 << 20);

    @TempDir
    Path dir;
    private final JournalEntry entry = new JournalEntry();

    @Test
    void theyAreReadByEverybodyAlsoAfterOpeningAgain() throws IOException {
        long last = 0;
        try (Journal journal = Journal.open(dir, OPTIONS); JournalReader reader = JournalReader.open(dir)) {
            for (int count = 0; count < 100; count++) {
                last = Commands.append(journal, 1 + count / 10, last + 1, count);
                check(journal, last);
                reader.refresh();
                assertThat(reader.lastIndex()).isEqualTo(last);
                assertThat(reader.read(last, entry)).isEqualTo(last > 0);
            }
            assertThat(journal.termAt(last)).isEqualTo(10);
            for (long index = last; index > 0; index -= 7) {
                assertThat(reader.read(index, entry)).isTrue();
                assertThat(Commands.isNumbered(entry, index)).isTrue();
            }
        }
        assertThat(last).isEqualTo(4950);
        assertThat(documents()).as("a batch that fits is one document").isBetween(98, 200);
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            check(journal, last);
            Commands.append(journal, 10, last + 1);
            check(journal, last + 1);
        }
    }

    @Test
    void aTailIsCutInTheMiddleOfADocument() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            Commands.append(journal, 1, 1, 40);
            journal.cutTail(15);
            assertThat(journal.lastIndex()).isEqualTo(14);
            Commands.append(journal, 2, 15, 40);
            check(journal, 54);
        }
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            check(journal, 54);
            assertThat(journal.termAt(14)).isEqualTo(1);
            assertThat(journal.termAt(15)).isEqualTo(2);
        }
    }

    @Test
    void thoseBeforeOneThatIsNoneAreAppended() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            byte[] good = Commands.numbered(1);
            byte[] bad = Commands.numbered(2);
            bad[0] = 9;
            assertThatThrownBy(() -> journal.append(new Listed(1, List.of(good, bad, good)))).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("version");
            check(journal, 1);
            assertThatThrownBy(() -> journal.append(new Listed(0, List.of(good)))).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("term");
            assertThat(Commands.append(journal, 1, 2, 3)).isEqualTo(4);
            check(journal, 4);
        }
    }

    /** What none of was acknowledged as durable goes as a whole: the rest of its document could not stand alone. */
    @Test
    void aDocumentThatAPowerCutToreInTheMiddleIsCutOff() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        Journal journal = disk.openJournal(OPTIONS);
        Commands.append(journal, 1, 1, 30);
        Commands.append(journal, 1, 31, 30);
        disk.failNext(FaultyStorage.Fault.FORCE);
        journal.close();
        disk.mend();
        spoil(45);
        disk.reboot();
        try (Journal again = disk.openJournal(OPTIONS)) {
            check(again, 30);
            Commands.append(again, 1, 31, 5);
            check(again, 35);
        }
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
    }

    /** Files are mapped by windows of 64 MiB, and a record is looked for in the window it starts in. */
    @Test
    void aDocumentThatReachesIntoTheNextWindowIsReadBeforeAnotherFollows() throws IOException {
        List<byte[]> batch = Collections.nCopies(32, Command.encode(EntryKind.EVENT, 0, 1, new byte[1_900]));
        long last = 0;
        int reaching = 0;
        while (reaching < 2) {
            boolean reaches = false;
            try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT); JournalReader reader = JournalReader.open(dir)) {
                checkFrom(reader, last - 31, last);
                while (!reaches) {
                    last = journal.append(new Listed(1, batch));
                    for (long i = last - 31; i <= last; i++) {
                        assertThat(journal.read(i, entry)).isTrue();
                        assertThat(entry.index()).isEqualTo(i);
                    }
                    reaches = lastDocumentReachesIntoTheNextWindow();
                }
                reader.refresh();
                checkFrom(reader, last - 31, last);
            }
            reaching++;
        }
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
    }

    private void checkFrom(JournalReader reader, long from, long to) {
        for (long i = Math.max(1, from); i <= to; i++) {
            assertThat(reader.read(i, entry)).isTrue();
            assertThat(entry.index()).isEqualTo(i);
        }
    }

    private boolean lastDocumentReachesIntoTheNextWindow() throws IOException {
        Path path = CycleFiles.paths(dir).get(0);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            file.seek(CycleFile.WRITE_POSITION_OFFSET);
            long document = Long.reverseBytes(file.readLong());
            file.seek(document);
            long end = document + CycleFile.HEADER_BYTES + Integer.reverseBytes(file.readInt());
            return document >>> 26 != end >>> 26;
        }
    }

    private void check(Journal journal, long last) {
        assertThat(journal.lastIndex()).isEqualTo(last);
        for (long i = 1; i <= last; i++) {
            if (!journal.read(i, entry) || !Commands.isNumbered(entry, i)) {
                throw new AssertionError("entry " + i + " is not what was appended");
            }
        }
    }

    private void spoil(long index) throws IOException {
        RawRecords records = RawRecords.open(dir);
        while (records.next(entry) && entry.index() < index) {
            // On to the record.
        }
        try (Stream<Path> files = Files.list(dir);
             RandomAccessFile file = new RandomAccessFile(files.filter(path -> path.toString().endsWith(".cq4")).findFirst().orElseThrow()
                     .toFile(), "rw")) {
            file.seek(records.offsetBytes());
            file.write(new byte[4]);
        }
    }

    private int documents() throws IOException {
        int documents = 0;
        List<Path> paths;
        try (Stream<Path> files = Files.list(dir)) {
            paths = files.filter(path -> path.toString().endsWith(".cq4")).toList();
        }
        for (Path path : paths) {
            RecordCursor cursor = new RecordCursor(new CycleFile(path, CycleFiles.cycleOf(path)), 0);
            while (cursor.step()) {
                documents += cursor.isFirstOfDocument() ? 1 : 0;
            }
        }
        return documents;
    }

    /** Owned by the test's thread. */
    private static final class Listed implements EntrySource {
        private final long term;
        private final List<byte[]> left;
        private byte[] command;

        Listed(long term, List<byte[]> commands) {
            this.term = term;
            this.left = new ArrayList<>(commands);
        }

        @Override
        public boolean next() {
            command = left.isEmpty() ? null : left.remove(0);
            return command != null;
        }

        @Override
        public long term() {
            return term;
        }

        @Override
        public boolean internal() {
            return false;
        }

        @Override
        public byte[] buffer() {
            return command;
        }

        @Override
        public int offset() {
            return 0;
        }

        @Override
        public int length() {
            return command.length;
        }
    }
}
