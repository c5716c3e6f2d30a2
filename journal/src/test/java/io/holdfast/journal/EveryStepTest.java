package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Process or machine end at each call of the storage that an operation makes, one after the other, and behind the last: the
 * journal opens again by itself, as it was before or as it should be after, and holds what was acknowledged.
 */
class EveryStepTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withSyncIntervalMs(60_000);
    private static final long HOUR = 3_600_000;
    /** How likely a page is lost. One of them in turn, or all. */
    private static final double[] LOSSES = {1, 0.5};
    private static final boolean ALL = Boolean.getBoolean("holdfast.everystep.all");
    /** No power cut: the process dies and the machine lives. */
    private static final double KILL = -1;
    private static final long INSTALLED = 100;

    @TempDir
    Path dir;

    /** What is done to a journal of entries 1 to 18 in three files, 8 of them committed, behind a snapshot of entry 4. */
    enum Operation {
        APPEND(life -> {
            life.append(1);
            life.sync();
            life.append(90);
            life.sync();
        }),
        ROLL(life -> {
            life.clock.addAndGet(HOUR);
            life.append(1);
            life.append(2);
            life.sync();
        }),
        CUT_TAIL(life -> {
            life.cutTail(11);
            life.append(1);
            life.sync();
        }),
        SNAPSHOT(life -> life.saveSnapshot(8)),
        DROP(life -> life.dropBefore(8)),
        ARCHIVE(life -> life.dropBefore(8)),
        INSTALL(Life::installSnapshot),
        CLOSE(Life::close),
        OPEN(Life::open),
        OPEN_AFTER_KILL(Life::open),
        OPEN_AFTER_POWER_CUT(Life::open);

        private final Step step;

        Operation(Step step) {
            this.step = step;
        }
    }

    private interface Step {
        void run(Life life) throws Exception;
    }

    /** With INTERVAL the same calls are made as with PROCESS, but for the thread that forces, which only ends here. */
    static Stream<Arguments> operations() {
        return Stream.of(Operation.values()).flatMap(operation -> Stream.of(Durability.values())
                .filter(durability -> ALL || operation == Operation.CLOSE || durability != Durability.INTERVAL)
                .map(durability -> Arguments.of(operation, durability)));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void aJournalSurvivesTheEndAtEachCall(Operation operation, Durability durability) throws Exception {
        Life whole = new Life(operation, durability, 0);
        whole.begin();
        operation.step.run(whole);
        List<String> calls = whole.calls();
        long last = whole.journal.lastIndex();
        assertThat(calls).isNotEmpty();
        for (int k = 1; k <= calls.size() + 1; k++) {
            String when = k > calls.size() ? "behind the last call" : "instead of call " + k + ", " + calls.get(k - 1);
            crash(operation, durability, k, KILL, last, when);
            for (int i = 0; i < LOSSES.length; i++) {
                if (ALL || (k + durability.ordinal() / 2) % LOSSES.length == i) {
                    crash(operation, durability, k, LOSSES[i], last, when);
                }
            }
        }
    }

    private void crash(Operation operation, Durability durability, int k, double loss, long last, String when) {
        try {
            new Life(operation, durability, k).run(loss, last);
        } catch (Exception | Error e) {
            throw new AssertionError(when + (loss == KILL ? ", the process died" : ", the power failed and pages were lost with"
                    + " probability " + loss) + "; all: ./holdfast test -pl journal -Dtest=EveryStepTest -Dholdfast.everystep.all=true", e);
        }
    }

    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** What a crash may leave: entries of these numbers, by index, from the floor on. */
    private static final class Branch {
        private final List<Long> numbers;
        private long floor;
        private long snapshot;
        /** So far an end of the process leaves it, and so far one of the machine does. */
        private long appended;
        private long synced;
        /** Another one has taken its place, but is not forced yet. */
        private boolean left;

        Branch(List<Long> numbers) {
            this.numbers = new ArrayList<>(numbers);
        }

        Branch copy() {
            Branch copy = new Branch(numbers);
            copy.floor = floor;
            copy.snapshot = snapshot;
            copy.appended = appended;
            copy.synced = synced;
            return copy;
        }

        @Override
        public String toString() {
            return "floor " + floor + ", snapshot " + snapshot + ", entries to " + (numbers.size() - 1) + ", appended "
                    + appended + ", synced " + synced;
        }
    }

    /** Owned by the test's thread: a journal, one operation on it, and its end in the middle. */
    private final class Life {
        private final Operation operation;
        private final Durability durability;
        private final int diesAt;
        private final Path home = dir.resolve("journal");
        private final Path archive = dir.resolve("archive");
        private final AtomicLong clock = new AtomicLong(500_000 * HOUR);
        private final JournalOptions options;
        private final FaultyStorage disk;
        private List<Branch> possible = new ArrayList<>();
        private Branch now = new Branch(List.of(0L));
        private long term = 1;
        private long number;
        private long committed;
        private int callsBefore;
        private Journal journal;

        Life(Operation operation, Durability durability, int diesAt) throws IOException {
            this.operation = operation;
            this.durability = durability;
            this.diesAt = diesAt;
            this.options = OPTIONS.withDurability(durability).withArchive(operation == Operation.ARCHIVE ? archive : null);
            for (Path old : List.of(home, archive)) {
                empty(old);
            }
            this.disk = new FaultyStorage(home);
            possible.add(now);
        }

        private void empty(Path directory) throws IOException {
            if (Files.exists(directory)) {
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(directory);
            }
        }

        void begin() throws Exception {
            if (operation != Operation.OPEN) {
                open();
                append(6);
                clock.addAndGet(HOUR);
                append(5);
                cutTail(9);
                append(2);
                sync();
                commit(8);
                saveSnapshot(4);
                clock.addAndGet(HOUR);
                append(3);
                append(4);
                append(1);
            }
            if (operation == Operation.OPEN_AFTER_KILL) {
                disk.kill(journal);
            } else if (operation == Operation.OPEN_AFTER_POWER_CUT) {
                disk.powerCut(new Random(3), 0.5, journal);
                now.appended = now.synced;
                committed = 0;
            } else if (durability == Durability.DISK && operation != Operation.OPEN) {
                sync();
            }
            callsBefore = disk.calls().size();
            if (diesAt > 0) {
                disk.dieAtCall(diesAt);
            }
        }

        List<String> calls() {
            List<String> all = disk.calls();
            return all.subList(callsBefore, all.size());
        }

        void run(double loss, long lastOfAll) throws Exception {
            begin();
            try {
                operation.step.run(this);
            } catch (Ended | JournalException e) {
                assertThat(disk.isDead()).as("it failed before it should: %s", e).isTrue();
            }
            boolean died = disk.isDead();
            AutoCloseable[] open = journal == null ? new AutoCloseable[0] : new AutoCloseable[] {journal};
            if (loss == KILL) {
                disk.kill(open);
            } else {
                disk.powerCut(new Random(diesAt), loss, open);
            }
            boolean closed = operation == Operation.CLOSE && !died;
            journal = disk.openJournal(options, clock::get);
            check(loss != KILL, closed);
            if (operation == Operation.OPEN_AFTER_POWER_CUT) {
                assertThat(journal.lastIndex()).as("a second crash takes nothing more").isEqualTo(lastOfAll);
            }
            goOn(loss == KILL);
        }

        /** What returned to a process that has ended was never told to anybody. */
        private void alive() {
            if (disk.isDead()) {
                throw new Ended();
            }
        }

        void open() {
            journal = null;
            journal = disk.openJournal(options, clock::get);
            alive();
            if (durability == Durability.DISK) {
                now.synced = now.appended;
            }
        }

        void append(int count) {
            long first = number + 1;
            LongStream.range(first, first + count).forEach(now.numbers::add);
            number += count;
            if (count == 1) {
                Commands.append(journal, term, first);
            } else {
                Commands.append(journal, term, first, count);
            }
            alive();
            now.appended = now.numbers.size() - 1;
        }

        void sync() {
            journal.sync();
            alive();
            now.synced = now.appended;
            possible = new ArrayList<>(List.of(now));
        }

        void cutTail(long from) {
            Branch before = another();
            now.numbers.subList((int) from, now.numbers.size()).clear();
            now.appended = from - 1;
            now.synced = Math.min(now.synced, from - 1);
            journal.cutTail(from);
            alive();
            before.left = true;
            term++;
        }

        private void commit(long to) {
            journal.commitIndex(to);
            committed = to;
        }

        void saveSnapshot(long covered) {
            another();
            now.snapshot = covered;
            journal.saveSnapshot(covered, journal.termAt(covered), snapshotOf(covered));
            alive();
            possible = new ArrayList<>(List.of(now));
        }

        /** Returns when the thread beside has removed what was dropped, or has died of it. */
        void dropBefore(long from) throws IOException {
            saveSnapshot(8);
            another();
            now.floor = from - 1;
            journal.dropBefore(from);
            alive();
            possible = new ArrayList<>(List.of(now));
            awaitDisposal();
        }

        void installSnapshot() {
            another();
            while (now.numbers.size() <= INSTALLED) {
                now.numbers.add(0L);
            }
            now.floor = INSTALLED;
            now.snapshot = INSTALLED;
            now.appended = INSTALLED;
            now.synced = INSTALLED;
            journal.installSnapshot(INSTALLED, term, snapshotOf(INSTALLED));
            alive();
            possible = new ArrayList<>(List.of(now));
            awaitDisposal();
            append(2);
            sync();
        }

        private void awaitDisposal() {
            int start = Floor.load(home).start().cycle();
            await().atMost(30, TimeUnit.SECONDS).pollDelay(0, TimeUnit.MILLISECONDS).pollInterval(1, TimeUnit.MILLISECONDS)
                    .until(() -> disk.isDead() || areNamesForced()
                            && CycleFiles.paths(home).stream().noneMatch(path -> CycleFiles.cycleOf(path) < start));
        }

        private boolean areNamesForced() {
            List<String> calls = disk.calls();
            return calls.get(calls.size() - 1).startsWith("force names of journal");
        }

        void close() {
            journal.close();
            alive();
            now.synced = now.appended;
        }

        private Branch another() {
            Branch before = now;
            now = before.copy();
            possible.add(now);
            return before;
        }

        private byte[] snapshotOf(long covered) {
            byte[] bytes = new byte[10_000];
            new Random(covered).nextBytes(bytes);
            return bytes;
        }

        private void check(boolean power, boolean closed) {
            AfterCrash.checkBounds(journal);
            List<Throwable> why = new ArrayList<>();
            Branch found = null;
            for (Branch branch : possible) {
                if (power || !branch.left) {
                    try {
                        check(branch, power);
                        found = branch;
                    } catch (AssertionError e) {
                        why.add(new AssertionError(branch.toString(), e));
                    }
                }
            }
            if (found == null) {
                AssertionError none = new AssertionError("floor " + journal.floorIndex() + ", last " + journal.lastIndex()
                        + ", snapshot " + journal.snapshot() + " is none of " + possible);
                why.forEach(none::addSuppressed);
                throw none;
            }
            if (!power) {
                assertThat(journal.commitIndex()).isGreaterThanOrEqualTo(committed);
            }
            if (durability == Durability.DISK || !power && operation != Operation.OPEN_AFTER_POWER_CUT || closed) {
                assertThat(journal.mayHaveForgotten()).as("nothing that was promised can be gone").isFalse();
            } else if (found.left || journal.lastIndex() < found.appended) {
                assertThat(journal.mayHaveForgotten()).as("what was acknowledged is gone").isTrue();
            }
            now = found;
        }

        private void check(Branch branch, boolean power) {
            assertThat(journal.floorIndex()).as("floor").isEqualTo(branch.floor);
            assertThat(journal.snapshot() == null ? 0 : journal.snapshot().index()).as("snapshot").isEqualTo(branch.snapshot);
            if (branch.snapshot > 0) {
                assertThat(journal.snapshot().bytes()).isEqualTo(snapshotOf(branch.snapshot));
            }
            assertThat(journal.lastIndex()).as("last").isBetween(power ? branch.synced : branch.appended,
                    (long) branch.numbers.size() - 1);
            AfterCrash.checkEntries(journal, branch.numbers, journal.lastIndex());
        }

        /** It is a journal like any other: appended to, rolled, closed, read by others, and opened again. */
        private void goOn(boolean cutPower) throws IOException {
            now.numbers.subList((int) journal.lastIndex() + 1, now.numbers.size()).clear();
            term = Math.max(term, journal.lastTerm()) + 1;
            append(1);
            if (cutPower) {
                journal.sync();
                disk.powerCut(new Random(diesAt), 1, journal);
                journal = disk.openJournal(options, clock::get);
                AfterCrash.checkBounds(journal);
                assertThat(journal.lastIndex()).as("synced after a kill, and with it all before").isEqualTo(now.numbers.size() - 1);
            }
            clock.addAndGet(HOUR);
            append(3);
            journal.close();
            AfterCrash.checkFiles(home);
            try (Journal again = disk.openJournal(options, clock::get)) {
                assertThat(again.lastIndex()).isEqualTo(now.numbers.size() - 1);
                AfterCrash.checkEntries(again, now.numbers, again.lastIndex());
            }
            int start = Floor.load(home).start().cycle();
            assertThat(CycleFiles.paths(home)).as("none is left that was dropped").allMatch(path -> CycleFiles.cycleOf(path) >= start);
            if (operation == Operation.ARCHIVE) {
                assertThat(CycleFiles.paths(archive)).hasSize(now.floor > 0 ? 1 : 0);
            }
        }
    }
}
