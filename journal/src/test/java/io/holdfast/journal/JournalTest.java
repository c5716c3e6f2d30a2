package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.wire.DocumentContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(4 << 20);
    private static final long HOUR = 3_600_000;

    @TempDir
    Path dir;
    private final JournalEntry entry = new JournalEntry();

    @Test
    void anEmptyJournalSaysSo() {
        for (int i = 0; i < 2; i++) {
            try (Journal journal = Journal.open(dir, OPTIONS)) {
                assertThat(journal.firstIndex()).isZero();
                assertThat(journal.lastIndex()).isZero();
                assertThat(journal.lastTerm()).isZero();
                assertThat(journal.termAt(1)).isZero();
                assertThat(journal.read(1, entry)).isFalse();
                assertThat(journal.read(0, entry)).isFalse();
                assertThat(journal.commitIndex()).isZero();
            }
        }
    }

    @Test
    void entriesAreReadBackAsAppendedAndAfterReopening() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            for (long i = 1; i <= 3_000; i++) {
                assertThat(Commands.append(journal, 1 + i / 1000, i)).isEqualTo(i);
            }
            checkNumbered(journal, 3_000);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            checkNumbered(journal, 3_000);
            assertThat(journal.termAt(999)).isEqualTo(1);
            assertThat(journal.termAt(1000)).isEqualTo(2);
            assertThat(journal.lastTerm()).isEqualTo(4);
            assertThat(Commands.append(journal, 4, 3_001)).isEqualTo(3_001);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            checkNumbered(journal, 3_001);
        }
    }

    @Test
    void anEntryKeepsAllItWasGiven() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            byte[] padded = new byte[100];
            int length = Command.encodeInto(EntryKind.PACKET, Command.PURE_ACK, 77, new byte[] {5, 6}, 0, 2, padded, 30);
            journal.append(9, true, padded, 30, length);
            assertThat(journal.read(1, entry)).isTrue();
            assertThat(entry.index()).isEqualTo(1);
            assertThat(entry.term()).isEqualTo(9);
            assertThat(entry.internal()).isTrue();
            assertThat(entry.kind()).isEqualTo(EntryKind.PACKET);
            assertThat(entry.flags()).isEqualTo(Command.PURE_ACK);
            assertThat(entry.epochNanos()).isEqualTo(77);
            assertThat(entry.bodyLength()).isEqualTo(2);
            assertThat(entry.buffer()[entry.bodyOffset() + 1]).isEqualTo((byte) 6);
        }
    }

    @Test
    void aCutTailIsGoneAndStaysGone() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            for (long i = 1; i <= 10; i++) {
                Commands.append(journal, i <= 5 ? 1 : 2, i);
            }
            journal.cutTail(4);
            assertThat(journal.lastIndex()).isEqualTo(3);
            assertThat(journal.lastTerm()).isEqualTo(1);
            assertThat(journal.read(4, entry)).isFalse();
            assertThat(Commands.append(journal, 3, 4)).isEqualTo(4);
            journal.cutTail(4);
            assertThat(Commands.append(journal, 4, 4)).isEqualTo(4);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            checkNumbered(journal, 4);
            assertThat(journal.lastTerm()).isEqualTo(4);
            journal.cutTail(1);
            assertThat(journal.lastIndex()).isZero();
            assertThat(Commands.append(journal, 1, 1)).isEqualTo(1);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            checkNumbered(journal, 1);
            assertThat(journal.lastTerm()).isEqualTo(1);
        }
    }

    @Test
    void theCommitIndexIsRememberedAndNeverCut() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            for (long i = 1; i <= 5; i++) {
                Commands.append(journal, 1, i);
            }
            journal.commitIndex(3);
            assertThatThrownBy(() -> journal.commitIndex(6)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.commitIndex(2)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.cutTail(3)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("committed");
            journal.cutTail(4);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            assertThat(journal.commitIndex()).isEqualTo(3);
            assertThat(journal.lastIndex()).isEqualTo(3);
        }
    }

    @Test
    void mistakesOfTheCallerChangeNothing() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            byte[] good = Commands.numbered(1);
            Commands.append(journal, 2, 1);
            assertThatThrownBy(() -> Commands.append(journal, 1, 2)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("term 1 after");
            assertThatThrownBy(() -> journal.append(2, false, good, 0, 8)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.append(2, false, good, 1, good.length)).isInstanceOf(IllegalArgumentException.class);
            byte[] cut = Command.encode(EntryKind.TAIL_CUT, 0, 0, new byte[8]);
            assertThatThrownBy(() -> journal.append(2, false, cut, 0, cut.length)).isInstanceOf(IllegalArgumentException.class);
            byte[] huge = Command.encode(EntryKind.EVENT, 0, 0, new byte[OPTIONS.maxCommandBytes()]);
            assertThatThrownBy(() -> journal.append(2, false, huge, 0, huge.length)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.cutTail(2)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.cutTail(0)).isInstanceOf(IllegalArgumentException.class);
            assertThat(journal.isFailed()).isFalse();
            checkNumbered(journal, 1);
        }
    }

    @Test
    void theLongestCommandFitsAlsoAcrossBlocks() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            byte[] longest = Command.encode(EntryKind.EVENT, 0, 0, new byte[OPTIONS.maxCommandBytes() - Command.HEADER_BYTES]);
            for (int i = 1; i <= 40; i++) {
                longest[longest.length - 1] = (byte) i;
                journal.append(1, false, longest, 0, longest.length);
            }
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            for (int i = 1; i <= 40; i++) {
                assertThat(journal.read(i, entry)).isTrue();
                assertThat(entry.commandLength()).isEqualTo(OPTIONS.maxCommandBytes());
                assertThat(entry.buffer()[entry.commandOffset() + entry.commandLength() - 1]).isEqualTo((byte) i);
            }
        }
    }

    @Test
    void itRollsToAnotherFileAndReopensWithOtherBlocks() {
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 50; i++) {
                Commands.append(journal, 1, i);
                clock.addAndGet(HOUR / 10);
            }
            checkNumbered(journal, 50);
            journal.sync();
        }
        assertThat(cycleFiles()).hasSize(5);
        clock.addAndGet(100 * HOUR);
        try (Journal journal = Journal.open(dir, OPTIONS.withBlockBytes(16 << 20), clock::get)) {
            checkNumbered(journal, 50);
            Commands.append(journal, 1, 51);
        }
        assertThat(cycleFiles()).hasSize(6);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            checkNumbered(journal, 51);
        }
    }

    @Test
    void aClockSetBackDoesNotBreakTheOrder() {
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            Commands.append(journal, 1, 1);
            clock.addAndGet(HOUR);
            Commands.append(journal, 1, 2);
            clock.addAndGet(-3 * HOUR);
            Commands.append(journal, 1, 3);
        }
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            Commands.append(journal, 1, 4);
            checkNumbered(journal, 4);
        }
        assertThat(cycleFiles()).hasSize(2);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            checkNumbered(journal, 4);
        }
    }

    @Test
    void onlyOneMayHaveItOpen() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            Commands.append(journal, 1, 1);
            assertThatThrownBy(() -> Journal.open(dir, OPTIONS)).isInstanceOf(JournalException.class).hasMessageContaining("in this process");
            Commands.append(journal, 1, 2);
        }
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            checkNumbered(journal, 2);
        }
    }

    @Test
    void anInterruptedThreadAppendsAndSyncs() {
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 6_000; i++) {
                Thread.currentThread().interrupt();
                Commands.append(journal, 1, i);
                if (i % 1000 == 0) {
                    journal.sync();
                    clock.addAndGet(HOUR);
                }
                assertThat(Thread.interrupted()).isTrue();
            }
            checkNumbered(journal, 6_000);
        }
    }

    @Test
    void afterAFailureNothingMoreIsTaken_I7() {
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            Commands.append(journal, 1, 1);
            journal.failed(new IOException("disk on fire"));
            assertThat(journal.isFailed()).isTrue();
            assertThatThrownBy(() -> Commands.append(journal, 1, 2)).isInstanceOf(JournalException.class).hasMessageContaining("disk on fire");
            assertThatThrownBy(journal::sync).isInstanceOf(JournalException.class);
            assertThatThrownBy(() -> journal.cutTail(1)).isInstanceOf(JournalException.class);
            checkNumbered(journal, 1);
        }
    }

    @Test
    void aClosedJournalRefuses() {
        Journal journal = Journal.open(dir, OPTIONS);
        Commands.append(journal, 1, 1);
        journal.close();
        journal.close();
        assertThatThrownBy(() -> Commands.append(journal, 1, 2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> journal.read(1, entry)).isInstanceOf(IllegalStateException.class);
    }

    /** The writer may be another thread than the opener, and change: one at a time. */
    @Test
    void theWriterMayChangeThreads() throws Exception {
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        Journal journal = Journal.open(dir, OPTIONS, clock::get);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int round = 0; round < 4; round++) {
            long first = round * 3_000L + 1;
            boolean last = round == 3;
            Thread writer = new Thread(() -> {
                for (long i = first; i < first + 3_000; i++) {
                    Commands.append(journal, 1, i);
                }
                clock.addAndGet(HOUR);
                journal.cutTail(first + 2_999);
                Commands.append(journal, 1, first + 2_999);
                journal.sync();
                if (last) {
                    checkNumbered(journal, 12_000);
                    journal.close();
                }
            });
            writer.setUncaughtExceptionHandler((thread, cause) -> failure.set(cause));
            writer.start();
            writer.join(30_000);
            assertThat(failure.get()).isNull();
        }
        try (Journal again = Journal.open(dir, OPTIONS, clock::get)) {
            checkNumbered(again, 12_000);
        }
    }

    @Test
    void manyThreadsReadWhileOneAppends() throws Exception {
        long entries = 20_000;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            List<Thread> readers = Stream.generate(() -> new Thread(() -> {
                JournalEntry mine = new JournalEntry();
                for (long next = 1; next <= entries && failure.get() == null; ) {
                    if (journal.read(next, mine)) {
                        if (!Commands.isNumbered(mine, next)) {
                            failure.set(new AssertionError("entry " + next));
                        }
                        next++;
                    }
                    Thread.onSpinWait();
                }
            })).limit(2).toList();
            readers.forEach(reader -> reader.setUncaughtExceptionHandler((thread, cause) -> failure.set(cause)));
            readers.forEach(Thread::start);
            for (long i = 1; i <= entries; i++) {
                Commands.append(journal, 1, i);
            }
            for (Thread reader : readers) {
                reader.join(30_000);
                assertThat(reader.isAlive()).isFalse();
            }
        }
        assertThat(failure.get()).isNull();
    }

    /** A cut may overtake a reader between finding a place and reading there. */
    @Test
    void oneReadsWhileAnotherCutsTheTailAgainAndAgain() throws Exception {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicBoolean ended = new AtomicBoolean();
            Thread reader = new Thread(() -> {
                JournalEntry mine = new JournalEntry();
                for (long i = 1; !ended.get(); i = i % 200 + 7) {
                    if (journal.read(i, mine) && mine.index() != i) {
                        throw new AssertionError("entry " + mine.index() + " read as " + i);
                    }
                }
            });
            reader.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
            reader.start();
            for (int round = 0; round < 2_000; round++) {
                for (int i = 0; i < 100; i++) {
                    byte[] command = Command.encode(EntryKind.PACKET, 0, 1, new byte[40 + round * 31 % 200]);
                    journal.append(round + 1, false, command, 0, command.length);
                }
                journal.cutTail(journal.lastIndex() - (round < 2 ? 10 : 99));
            }
            ended.set(true);
            reader.join();
            assertThat(failure.get()).isNull();
        }
    }

    /** What we read by position is what Chronicle itself reads: the files are an ordinary queue. */
    @Test
    void chroniclesOwnTailerSeesTheSameRecords() {
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        try (Journal journal = Journal.open(dir, OPTIONS, clock::get)) {
            for (long i = 1; i <= 2_000; i++) {
                Commands.append(journal, 1, i);
                clock.addAndGet(HOUR / 500);
            }
        }
        try (ChronicleQueue queue = ChronicleQueue.singleBuilder(dir).rollCycle(CycleFiles.ROLL_CYCLE)
                .blockSize(OPTIONS.blockBytes()).build(); ExcerptTailer tailer = queue.createTailer()) {
            for (long i = 1; i <= 2_000; i++) {
                try (DocumentContext document = tailer.readingDocument()) {
                    assertThat(document.isPresent()).isTrue();
                    int length = (int) document.wire().bytes().readRemaining();
                    document.wire().bytes().read(entry.bufferFor(length), 0, length);
                    assertThat(entry.filled(length)).isNull();
                    assertThat(Commands.isNumbered(entry, i)).isTrue();
                }
            }
            assertThat(tailer.readingDocument().isPresent()).isFalse();
        }
    }

    private void checkNumbered(Journal journal, long last) {
        assertThat(journal.lastIndex()).isEqualTo(last);
        for (long i = 1; i <= last; i++) {
            assertThat(journal.read(i, entry)).isTrue();
            if (entry.index() != i || !Commands.isNumbered(entry, i)) {
                throw new AssertionError("entry " + i + " is not what was appended");
            }
        }
        assertThat(journal.read(last + 1, entry)).isFalse();
    }

    private List<Path> cycleFiles() {
        try (Stream<Path> paths = Files.list(dir)) {
            return paths.filter(path -> path.toString().endsWith(".cq4")).sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
