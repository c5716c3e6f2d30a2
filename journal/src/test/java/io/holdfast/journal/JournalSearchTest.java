package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a reader finds by search is what a walk over every record finds, with cuts wherever Raft allows them. */
class JournalSearchTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(4 << 20);

    @TempDir
    Path dir;
    private final AtomicLong clock = new AtomicLong(1_800_000_000_000L);
    private final JournalEntry entry = new JournalEntry();
    private final List<Long> truth = new ArrayList<>();
    private long number;
    /** How many entries a document may have. */
    private int mostAtOnce = 1;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyEntryIsFoundWhereAWalkFindsIt(long seed) {
        writeWithCuts(new Random(seed));
        assertReadsTheTruth();
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void soItIsInDocumentsOfSeveralEntries(long seed) {
        mostAtOnce = 60;
        writeWithCuts(new Random(seed));
        assertReadsTheTruth();
    }

    @Test
    void tablesThatLieAreNotBelieved() throws IOException {
        writeWithCuts(new Random(5));
        Random random = new Random(6);
        int lies = 0;
        for (CycleFile file : files()) {
            DocumentTable table = new DocumentTable(file);
            for (long slot = 1; table.position(slot) != 0; slot += 2) {
                lie(file, table.position(slot), random);
                lies++;
            }
        }
        assertThat(lies).isPositive();
        assertReadsTheTruth();
    }

    /** Moves the slot that names this position. */
    private static void lie(CycleFile file, long position, Random random) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(file.path().toFile(), "rw")) {
            for (long at = 0; at < position; at += Long.BYTES / 2) {
                if (file.word(at) == position) {
                    out.seek(at);
                    out.write(random.nextInt(256));
                    return;
                }
            }
        }
        throw new AssertionError("no slot names " + position);
    }

    private List<CycleFile> files() {
        List<CycleFile> found = new ArrayList<>();
        CycleFiles files = CycleFiles.list(dir, 0);
        for (int i = 0; i < files.count(); i++) {
            found.add(files.get(i));
        }
        return found;
    }

    /** A cut follows entries of a newer term that no majority had; older or newer terms go on, that one never does. */
    private void writeWithCuts(Random random) {
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            long term = 1;
            long newest = 1;
            for (int round = 0; round < 40; round++) {
                append(journal, term, 1 + random.nextInt(700));
                if (random.nextInt(3) == 0) {
                    long deadFrom = journal.lastIndex() + 1;
                    append(journal, ++newest, 1 + random.nextInt(400));
                    cut(journal, deadFrom);
                    if (random.nextBoolean()) {
                        term = ++newest;
                    }
                } else if (random.nextInt(3) == 0) {
                    cut(journal, Math.max(1, journal.lastIndex() - random.nextInt(600)));
                    term = ++newest;
                }
                if (random.nextInt(6) == 0) {
                    clock.addAndGet(CycleFiles.CYCLE_MS);
                }
            }
            append(journal, term, 5);
        }
    }

    private void append(Journal journal, long term, int count) {
        Random random = new Random(number);
        for (int left = count; left > 0; ) {
            int atOnce = Math.min(left, 1 + random.nextInt(mostAtOnce));
            if (mostAtOnce == 1) {
                Commands.append(journal, term, number + 1);
            } else {
                Commands.append(journal, term, number + 1, atOnce);
            }
            for (int i = 0; i < atOnce; i++) {
                truth.add(++number);
            }
            left -= atOnce;
        }
    }

    private void cut(Journal journal, long from) {
        journal.cutTail(from);
        truth.subList((int) from - 1, truth.size()).clear();
    }

    private void assertReadsTheTruth() {
        try (JournalReader reader = JournalReader.open(dir)) {
            assertThat(reader.lastIndex()).isEqualTo(truth.size());
            Random random = new Random(9);
            for (int i = 0; i < 300; i++) {
                long index = 1 + random.nextInt(truth.size());
                assertThat(reader.read(index, entry)).isTrue();
                assertThat(Commands.isNumbered(entry, truth.get((int) index - 1))).as("entry %d", index).isTrue();
            }
            EntryCursor forward = reader.forward(1);
            for (long number : truth) {
                assertThat(forward.next(entry)).isTrue();
                assertThat(Commands.isNumbered(entry, number)).isTrue();
            }
            assertThat(forward.next(entry)).isFalse();
            EntryCursor backward = reader.backward(Long.MAX_VALUE);
            for (int i = truth.size() - 1; i >= 0; i--) {
                assertThat(backward.next(entry)).isTrue();
                assertThat(Commands.isNumbered(entry, truth.get(i))).isTrue();
            }
            assertThat(backward.next(entry)).isFalse();
            assertTermsAreRuns(reader);
        }
    }

    private void assertTermsAreRuns(JournalReader reader) {
        long next = 1;
        for (TermRun run : reader.terms()) {
            assertThat(run.firstIndex()).isEqualTo(next);
            assertThat(reader.termAt(run.firstIndex())).isEqualTo(run.term());
            assertThat(reader.termAt(run.lastIndex())).isEqualTo(run.term());
            next = run.lastIndex() + 1;
        }
        assertThat(next).isEqualTo(truth.size() + 1L);
    }
}
