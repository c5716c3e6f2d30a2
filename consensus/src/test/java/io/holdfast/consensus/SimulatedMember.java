package io.holdfast.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import io.holdfast.consensus.Promises.Promise;
import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import org.jgroups.Message;
import org.jgroups.stack.IpAddress;

/**
 * Owned by the simulation: one member with a real journal on a disk that can fail and forget, its clock, and what it did in
 * this life. Each start is another life, which opens what the last one left.
 */
final class SimulatedMember implements GroupListener {
    private static final int FIRST_PORT = 7000;

    private final SimulatedGroup group;
    private final Random random;
    private final Member member;
    private final IpAddress place;
    private final FaultyStorage disk;
    private final JournalOptions options;
    private final long clockOffset;
    private final double clockRate;
    final SeenTerms seen = new SeenTerms();
    private final Set<Long> everHeld = new HashSet<>();
    private final JournalEntry reading = new JournalEntry();
    /** What a thread beside the runner's has to do; it takes its time, and dies with the process. */
    private final ArrayDeque<Runnable> beside = new ArrayDeque<>();
    private GroupConfig config;
    private Journal journal;
    private VoteStore votes;
    private HandDrivenRaft raft;
    private int life;
    long seenCommit;
    private long syncedIndex;
    private long syncedTerm;
    private long pausedUntil;
    private long startAt;
    private boolean powerWasCut;
    private boolean leftForGood;
    private long applied;
    private long state;
    private Throwable failure;
    private boolean diskFailing;
    private long mendedAfter;

    SimulatedMember(SimulatedGroup group, int number, Path directory, JournalOptions options) {
        this.group = group;
        this.random = group.random();
        this.member = new Member("n" + (number + 1), SimulatedGroup.loopback(), FIRST_PORT + number);
        this.place = new Peer(member).place;
        this.options = options;
        this.clockOffset = random.nextLong(1_000_000 * SimulatedGroup.MS);
        this.clockRate = 1 + (random.nextDouble() - 0.5) * 0.0008;
        try {
            this.disk = new FaultyStorage(directory.resolve(member.name()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Member member() {
        return member;
    }

    String name() {
        return member.name();
    }

    IpAddress place() {
        return place;
    }

    boolean up() {
        return raft != null;
    }

    int life() {
        return life;
    }

    HandDrivenRaft raft() {
        return raft;
    }

    /** As it is, or as the last process left it; null when nobody knows until the next one has opened it. */
    Journal journal() {
        return journal;
    }

    Durability durability() {
        return options.durability();
    }

    long syncedIndex() {
        return syncedIndex;
    }

    boolean everHeld(long index, long term) {
        return everHeld.contains(key(index, term));
    }

    /** Spread, so that a hash set of them is one. */
    private static long key(long index, long term) {
        return index * 1_000_003 + term;
    }

    void holds(long index, long term) {
        everHeld.add(key(index, term));
        seen.set(index, term);
    }

    /** The power was cut, or will be to repair its disk, and no leader has said yet that everything is here again. */
    boolean mayHaveForgotten() {
        boolean forgot = powerWasCut && (journal == null || journal.mayHaveForgotten());
        return durability() != Durability.DISK && (forgot || diskFailing);
    }

    boolean hasFailed() {
        return failure != null;
    }

    // ---- time

    private long clock() {
        return clockOffset + (long) (group.now() * clockRate);
    }

    private long trueTime(long clock) {
        return (long) ((clock - clockOffset) / clockRate);
    }

    /** What is due at this moment. */
    void turn(long now) {
        if (!up() && now >= startAt && !leftForGood) {
            start(config);
        } else if (up() && failure != null && now >= startAt) {
            repair();
        } else if (up() && failure == null && now >= pausedUntil) {
            takeTurns();
        }
    }

    private void takeTurns() {
        try {
            if (!beside.isEmpty() && random.nextInt(4) == 0) {
                beside.remove().run();
            }
            for (int i = 0; i < 50 && raft.turn() == 0; i++) {
                continue; // as long as it says that more waits
            }
            syncedIndex = Math.min(syncedIndex, journal.lastIndex());
            group.promises().look(this);
        } catch (AssertionError e) {
            throw e;
        } catch (Throwable t) {
            if (!diskFailing) {
                throw new AssertionError(name() + " stops at " + group.now() / SimulatedGroup.MS + " ms: " + t, t);
            }
            raft.fail(t);
        }
    }

    private void noteSync() {
        syncedIndex = journal.lastIndex();
        syncedTerm = journal.lastTerm();
    }

    // ---- its life

    void start(GroupConfig startWith) {
        config = startWith;
        life++;
        journal = disk.openJournal(options);
        votes = disk.openVotes();
        requireWhatWasSynced();
        applied = 0;
        state = 0;
        failure = null;
        diskFailing = false;
        seenCommit = 0;
        seen.clear();
        group.network().reconnected(this);
        raft = new HandDrivenRaft(config, journal, votes, this, this::clock, random, this::send, beside::add);
        raft.onSync(this::noteSync);
        raft.begin();
    }

    private void requireWhatWasSynced() {
        boolean there = durability() != Durability.DISK || syncedIndex <= journal.floorIndex()
                || journal.lastIndex() >= syncedIndex && journal.termAt(syncedIndex) == syncedTerm;
        group.promises().require(there, Promise.I1_COMMITTED_BY_QUORUM, () -> name() + " had synced up to entry " + syncedIndex
                + " of term " + syncedTerm + " and now ends with " + journal.lastIndex());
    }

    private void send(Message message) {
        group.promises().require(failure == null, Promise.I7_FAILED_IS_SILENT, () -> name() + " sends after " + failure);
        group.network().sent(this, message, group.now());
    }

    /** The process dies, what it stored is in the page cache and stays. */
    void kill(long forNanos) {
        end(forNanos, () -> disk.kill(journal, votes));
    }

    /** The machine loses power: what was not forced may be gone. */
    void cutPower(long forNanos) {
        double loss = random.nextInt(3) == 0 ? 1 : random.nextDouble();
        end(forNanos, () -> disk.powerCut(random, loss, journal, votes));
        powerWasCut = true;
        journal = durability() == Durability.DISK ? journal : null;
    }

    /** It was removed from the group, and its operator ends it. */
    void leaveForGood() {
        kill(0);
        leftForGood = true;
    }

    boolean leftForGood() {
        return leftForGood;
    }

    /** Whatever is to be done to a disk. */
    private interface DiskWork {
        void take() throws IOException;
    }

    private void end(long forNanos, DiskWork last) {
        raft.stop();
        raft = null;
        beside.clear();
        startAt = group.now() + forNanos;
        try {
            last.take();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        group.othersNoticeTheEndOf(this);
    }

    void pause(long forNanos) {
        pausedUntil = group.now() + forNanos;
    }

    void heal() {
        pausedUntil = 0;
        startAt = Math.min(startAt, group.now());
        if (failure == null && diskFailing) {
            disk.mend();
            diskFailing = false;
        }
    }

    // ---- its disk

    /** From now on such a call fails; the operator mends the disk so long after the member has noticed. */
    void failDisk(FaultyStorage.Fault fault, long mendedAfterNanos) {
        diskFailing = true;
        disk.failNext(fault);
        mendedAfter = mendedAfterNanos;
    }

    /** After a failed write-back the page cache is no more to be relied on than after a power cut. */
    private void repair() {
        disk.mend();
        cutPower(0);
    }

    @Override
    public void onFailure(Throwable cause) {
        failure = cause;
        startAt = group.now() + mendedAfter;
    }

    // ---- what it is asked

    /** True when it was taken. Whoever proposed by a promise checks that it was kept. */
    boolean propose(byte[] command, boolean withPromise) {
        if (!up() || failure != null) {
            return false;
        }
        if (!withPromise || !raft.leads()) {
            return raft.enqueue(command, 0, command.length);
        }
        CompletableFuture<Long> done = raft.propose(command);
        done.thenAccept(index -> acknowledged(index, command));
        return !done.isCompletedExceptionally();
    }

    /** The commit is the same turn's: what the group knows of it is looked at first. */
    private void acknowledged(long index, byte[] command) {
        group.promises().look(this);
        group.promises().acknowledged(index, command);
    }

    void compact() {
        if (applied > 0) {
            byte[] bytes = ByteBuffer.allocate(Long.BYTES).putLong(state).array();
            long index = applied;
            raft.request((requests, done) -> requests.compact(index, bytes, j -> Long.MAX_VALUE, done));
        }
    }

    // ---- what it is told

    @Override
    public void onLeader(long term) {
        requireItsTerm(term);
    }

    @Override
    public void onFollower(long term, String leader) {
        requireItsTerm(term);
    }

    private void requireItsTerm(long term) {
        if (term != raft.term()) {
            throw new AssertionError(name() + " is told of term " + term + " in term " + raft.term());
        }
    }

    @Override
    public void onCommitted(long index, long term, byte[] command, int offset, int length) {
        for (long between = applied + 1; between < index; between++) {
            boolean internal = journal.read(between, reading) && reading.kind() == EntryKind.GROUP_INTERNAL;
            group.promises().require(internal, Promise.I4_INDEX_ORDER, () -> name() + " applied " + index + " after " + applied);
        }
        group.promises().require(index > applied, Promise.I4_INDEX_ORDER, () -> name() + " applied " + index + " again");
        applied = index;
        state = 31 * state + Arrays.hashCode(Arrays.copyOfRange(command, offset + Command.HEADER_BYTES, offset + length));
        group.promises().applied(this, index, state);
    }

    @Override
    public void onSnapshot(long index, long term, byte[] bytes) {
        group.promises().require(index > applied, Promise.I4_INDEX_ORDER, () -> name() + " is given the snapshot of entry " + index
                + " after it applied " + applied);
        state = ByteBuffer.wrap(bytes).getLong();
        applied = index;
        group.promises().restored(this, index, state);
    }

    /** A primary waits for the end of the older lease and a margin; a kernel's timer ends what was granted whatever dies. */
    @Override
    public void onLeaseEvidence(long term, long sentNanos) {
        long from = raft.shown().previousLeaseBoundNanos + Promises.LEASE_NANOS + Promises.LEASE_MARGIN_NANOS;
        long until = sentNanos + Promises.LEASE_NANOS;
        group.promises().leased(name(), Math.max(group.now(), trueTime(from)), trueTime(until));
    }

    void close() {
        if (up()) {
            raft.stop();
            raft = null;
        }
        if (journal != null) {
            journal.close();
        }
        if (votes != null) {
            votes.close();
        }
    }
}
