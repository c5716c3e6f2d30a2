package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The power fails at any moment: a journal opens again by itself, and what was acknowledged as durable is there. */
class PowerCutTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withSyncIntervalMs(60_000);
    private static final long HOUR = 3_600_000;
    private static final int SEEDS = Integer.getInteger("holdfast.powercut.seeds", 200);
    private static final long FIRST_SEED = Long.getLong("holdfast.powercut.first", 1);

    @TempDir
    Path dir;

    @Test
    void aJournalSurvivesPowerCutsAtAnyMoment() throws Exception {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            try {
                new Life(dir.resolve("seed-" + seed), seed).run();
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed + "; again: ./holdfast test -pl journal -Dtest=PowerCutTest"
                        + " -Dholdfast.powercut.seeds=1 -Dholdfast.powercut.first=" + seed, e);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Durability.class, names = {"PROCESS", "DISK"})
    void aStartAfterAKillWaitsForTheDiskWhereThatIsPromisedAndNothingIsForgotten(Durability durability) throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        JournalOptions options = OPTIONS.withDurability(durability);
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        Journal journal = disk.openJournal(options, clock::get);
        for (int number = 1; number <= 4; number++) {
            Commands.append(journal, 1, number);
            clock.addAndGet(HOUR);
        }
        disk.kill(journal);
        long before = disk.forces();
        journal = disk.openJournal(options, clock::get);
        assertThat(disk.forces() - before).as("files forced, the mark one of them").isEqualTo(durability == Durability.DISK ? 5 : 1);
        journal.sync();
        disk.powerCut(new Random(1), 1, journal);
        try (Journal opened = disk.openJournal(options, clock::get)) {
            assertThat(opened.lastIndex()).isEqualTo(4);
        }
    }

    /** Owned by the test's thread: one journal, what it should hold, and power cuts. */
    private static final class Life {
        private final Path dir;
        private final Random random;
        private final FaultyStorage disk;
        private final Durability durability;
        private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
        private final JournalEntry entry = new JournalEntry();
        /** The number of the command of each entry that was appended, by index. */
        private final List<Long> expected = new ArrayList<>(List.of(0L));
        /** The branch as it was at the last sync, and every branch since. */
        private long synced;
        private long lowestCut = Long.MAX_VALUE;
        private long term = 1;
        private long number;
        private Journal journal;

        Life(Path dir, long seed) throws IOException {
            this.dir = dir;
            this.random = new Random(seed);
            this.disk = new FaultyStorage(dir);
            this.durability = Durability.values()[(int) (seed % 3)];
        }

        void run() throws Exception {
            open();
            for (int cut = 0; cut < 3; cut++) {
                int steps = cut == 1 ? 0 : 10 + random.nextInt(60);
                for (int i = 0; i < steps; i++) {
                    step();
                }
                disk.powerCut(random, random.nextInt(5) / 4.0, journal);
                open();
                check();
            }
            append();
            journal.close();
            AfterCrash.checkFiles(dir);
            open();
            assertThat(journal.lastIndex()).isEqualTo(expected.size() - 1);
            journal.close();
        }

        private void open() {
            journal = disk.openJournal(OPTIONS.withDurability(durability), clock::get);
        }

        private void step() throws IOException {
            switch (random.nextInt(12)) {
                case 0 -> sync();
                case 1 -> disk.writeBack(random, random.nextDouble());
                case 2 -> clock.addAndGet(random.nextInt(3) == 0 ? HOUR : 0);
                case 3 -> cutTail();
                case 4 -> commit();
                case 5 -> snapshot();
                default -> append();
            }
        }

        private void append() {
            int count = random.nextBoolean() ? 1 : 1 + random.nextInt(120);
            if (count == 1) {
                Commands.append(journal, term, number + 1);
            } else {
                Commands.append(journal, term, number + 1, count);
            }
            for (int i = 0; i < count; i++) {
                expected.add(++number);
            }
        }

        private void sync() {
            journal.sync();
            synced = expected.size() - 1;
            lowestCut = Long.MAX_VALUE;
        }

        private void cutTail() {
            long lowest = journal.commitIndex() + 1;
            if (lowest <= journal.lastIndex()) {
                long from = lowest + random.nextInt((int) (journal.lastIndex() - lowest + 1));
                if (from > journal.floorIndex()) {
                    journal.cutTail(from);
                    term++;
                    lowestCut = Math.min(lowestCut, from);
                    expected.subList((int) from, expected.size()).clear();
                }
            }
        }

        private void commit() {
            if (durability == Durability.DISK) {
                sync();
            }
            long to = journal.commitIndex() + random.nextInt((int) (journal.lastIndex() - journal.commitIndex() + 1));
            journal.commitIndex(to);
        }

        private void snapshot() {
            long covered = journal.commitIndex();
            if (covered > (journal.snapshot() == null ? 0 : journal.snapshot().index())) {
                journal.saveSnapshot(covered, journal.termAt(covered), new byte[100]);
                if (random.nextBoolean()) {
                    journal.dropBefore(covered + 1 - random.nextInt((int) Math.min(3, covered)));
                }
            }
        }

        private String dump() {
            StringBuilder text = new StringBuilder(Floor.load(dir).toString());
            RawRecords records = RawRecords.open(dir);
            JournalEntry e = new JournalEntry();
            long n = 0;
            while (records.next(e)) {
                if (e.kind() == EntryKind.RESTART || e.kind() == EntryKind.TAIL_CUT || n == 0 || e.index() != n + 1) {
                    text.append("\n").append(e.kind()).append(' ').append(e.index()).append(" term ").append(e.term());
                }
                n = e.index();
            }
            return text.append("\nends ").append(n).toString();
        }

        private void check() {
            long last = journal.lastIndex();
            long snapshot = AfterCrash.checkBounds(journal);
            assertThat(last).as("what was synced and not cut since").isGreaterThanOrEqualTo(
                    Math.max(snapshot, Math.min(synced, lowestCut - 1)));
            assertThat(journal.mayHaveForgotten()).isEqualTo(durability != Durability.DISK);
            long same = Math.min(last, Math.min(lowestCut, expected.size()) - 1);
            AfterCrash.checkEntries(journal, expected, same);
            // Of what the journal says that it was committed is what was.
            AfterCrash.checkEntries(journal, expected, journal.commitIndex());
            // Entries behind a cut whose record was lost may be there again: take over what the journal has.
            while (expected.size() > last + 1) {
                expected.remove(expected.size() - 1);
            }
            for (long index = Math.max(same, journal.floorIndex()) + 1; index <= last; index++) {
                boolean held = journal.read(index, entry);
                String missing = held ? "" : "entry " + index + " of " + journal.firstIndex() + " to " + last + ", snapshot " + snapshot
                        + ", synced " + synced + ", " + dump();
                assertThat(held).as(missing).isTrue();
                long found = entry.epochNanos();
                assertThat(Commands.isNumbered(entry, found)).isTrue();
                if (index < expected.size()) {
                    expected.set((int) index, found);
                } else {
                    expected.add(found);
                }
            }
            term = Math.max(term, journal.lastTerm()) + 1;
            synced = last;
            lowestCut = Long.MAX_VALUE;
            if (random.nextBoolean()) {
                journal.remembered();
                assertThat(journal.mayHaveForgotten()).isFalse();
            }
        }
    }

    @Test
    void aTornEndInTheSameBootIsRefused() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        write(disk, Durability.PROCESS, 40, false);
        zeroFrom(20);
        assertThatThrownBy(() -> disk.openJournal(OPTIONS)).isInstanceOf(JournalException.class)
                .hasMessageContaining("acknowledged entries").hasMessageContaining("remove this member");
    }

    @Test
    void aTornEndAfterAnotherBootIsCutOff() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        write(disk, Durability.PROCESS, 40, false);
        zeroFrom(20);
        disk.reboot();
        try (Journal journal = disk.openJournal(OPTIONS)) {
            assertThat(journal.lastIndex()).isEqualTo(20);
            assertThat(journal.mayHaveForgotten()).isTrue();
            Commands.append(journal, 1, 21);
        }
        assertThat(JournalVerifier.verify(dir).damage()).isNull();
        try (Journal journal = disk.openJournal(OPTIONS)) {
            assertThat(journal.mayHaveForgotten()).as("until it was told otherwise").isTrue();
            journal.remembered();
        }
        try (Journal journal = disk.openJournal(OPTIONS)) {
            assertThat(journal.mayHaveForgotten()).isFalse();
            assertThat(journal.lastIndex()).isEqualTo(21);
        }
    }

    @Test
    void rotInWhatWasForcedIsRefusedAfterAnotherBootToo() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        write(disk, Durability.DISK, 40, true);
        zeroFrom(20);
        disk.reboot();
        assertThatThrownBy(() -> disk.openJournal(OPTIONS)).isInstanceOf(JournalException.class)
                .hasMessageContaining("on stable storage up to").hasMessageContaining("at byte")
                .hasMessageContaining("remove this member");
    }

    @Test
    void aJournalOfAnotherMachineOpens() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        write(disk, Durability.PROCESS, 40, false);
        try (Journal journal = Journal.open(dir, OPTIONS)) {
            assertThat(journal.lastIndex()).isEqualTo(40);
        }
        disk.reboot();
        try (Journal journal = disk.openJournal(OPTIONS)) {
            assertThat(journal.lastIndex()).isEqualTo(40);
        }
    }

    /** The process died between a roll and the sync behind it: the next one must not acknowledge what is in the older file. */
    @Test
    void whatADeadProcessHadNotForcedIsForcedWhenTheJournalOpens() throws IOException {
        FaultyStorage disk = new FaultyStorage(dir);
        AtomicLong clock = new AtomicLong(500_000 * HOUR);
        JournalOptions options = OPTIONS.withDurability(Durability.DISK);
        Journal died = disk.openJournal(options, clock::get);
        for (int file = 0; file < 3; file++) {
            Commands.append(died, 1, file + 1);
            clock.addAndGet(HOUR);
        }
        // Its death: nothing of its closing reaches the disk, and nothing of the page cache is lost.
        byte[] mark = Files.readAllBytes(dir.resolve(ForcedMark.FILE_NAME));
        disk.failNext(FaultyStorage.Fault.FORCE);
        died.close();
        Files.write(dir.resolve(ForcedMark.FILE_NAME), mark);
        disk.mend();
        Journal next = disk.openJournal(options, clock::get);
        assertThat(next.lastIndex()).isEqualTo(3);
        next.sync();
        disk.powerCut(new Random(1), 1, next);
        try (Journal journal = disk.openJournal(options, clock::get)) {
            assertThat(journal.lastIndex()).isEqualTo(3);
        }
    }

    /** Leaves the journal as {@code kill -9} of its process would. */
    private void write(FaultyStorage disk, Durability durability, int entries, boolean sync) throws IOException {
        Journal journal = disk.openJournal(OPTIONS.withDurability(durability));
        for (long next = 1; next <= entries; next++) {
            Commands.append(journal, 1, next);
        }
        if (sync) {
            journal.sync();
        }
        disk.failNext(FaultyStorage.Fault.FORCE);
        journal.close();
        disk.mend();
    }

    private void zeroFrom(long index) throws IOException {
        RawRecords records = RawRecords.open(dir);
        JournalEntry entry = new JournalEntry();
        while (records.next(entry) && entry.index() <= index) {
            // On to the record behind it.
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir, "*.cq4")) {
            try (RandomAccessFile file = new RandomAccessFile(files.iterator().next().toFile(), "rw")) {
                file.seek(records.offsetBytes() - CycleFile.HEADER_BYTES);
                file.write(new byte[2000]);
            }
        }
    }
}
