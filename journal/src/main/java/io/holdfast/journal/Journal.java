package io.holdfast.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changed by one thread at a time (the writer), read by any: the log of a group, kept in a Chronicle Queue.
 *
 * <p>Indices start at 1 and have no gap. The queue is append-only: a cut tail is a record of its own, and the index in
 * memory honours it. {@link #append}, {@link #cutTail} and {@link #sync} belong to the writer; everything else may be
 * called by any thread meanwhile and takes no lock.
 *
 * <p>Fail-stop (I7): after an append or a sync has failed, nobody knows what the storage holds; every later one throws.
 */
public final class Journal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    private final StableStorage storage;
    private final Path dir;
    private final JournalOptions options;
    private final FileChannel lock;
    private final StateFile state;
    private final CycleFiles files;
    private final EntryIndex index;
    private final QueueAppender appender;
    private final Disposal disposal;
    private final ForcedMark mark;
    /** Only with {@link Durability#INTERVAL}, else null. */
    private final IntervalSync intervalSync;
    private final Document document = new Document();
    private int chain;
    private Floor floor;
    /** Of the writer: begun and not finished, or null. */
    private Compaction underWay;
    private volatile Snapshot snapshot;
    private volatile Throwable failure;
    private volatile boolean closed;

    private Journal(StableStorage storage, Path dir, JournalOptions options, FileChannel lock, Recovery recovered) throws IOException {
        this.storage = storage;
        this.dir = dir;
        this.options = options;
        this.lock = lock;
        this.state = recovered.state();
        this.files = recovered.files();
        this.index = recovered.index();
        this.chain = recovered.chain();
        this.floor = recovered.floor();
        this.snapshot = recovered.snapshot();
        this.disposal = new Disposal(storage, dir, options.archive());
        disposal.disposeNow(recovered.dropped());
        this.appender = new QueueAppender(storage, dir, options, recovered);
        this.mark = recovered.mark();
        try {
            if (!mark.closed()) {
                // Otherwise nothing is promised of it yet, and a start after a kill would wait for the disk for long.
                appender.takeOverSinceTheMark(options.durability() == Durability.DISK || mark.powerMayHaveFailed());
            }
            mark.begin(options.durability());
            if (floor.restarted() && files.last() == null) {
                writeRestart();
            }
        } catch (IOException | RuntimeException e) {
            appender.close();
            mark.close();
            throw e;
        }
        this.intervalSync = options.durability() != Durability.INTERVAL ? null
                : new IntervalSync(options.syncIntervalMs(), appender::appendedBytes, appender::sync, this::failed).start();
    }

    /**
     * Opens the journal in {@code dir}, or begins one. Takes an exclusive lock, checks every record, and throws a
     * {@link JournalException} naming file and position when the journal is damaged or entries it held are missing.
     */
    public static Journal open(Path dir, JournalOptions options) {
        return open(dir, options, System::currentTimeMillis);
    }

    static Journal open(Path dir, JournalOptions options, LongSupplier epochMillis) {
        return open(dir, options, epochMillis, KernelStorage.INSTANCE);
    }

    static Journal open(Path dir, JournalOptions options, LongSupplier epochMillis, StableStorage storage) {
        boolean interrupted = Thread.interrupted();
        FileChannel lock = null;
        boolean opened = false;
        try {
            storage.createDirectories(dir);
            lock = DirectoryLock.take(dir);
            long startNanos = System.nanoTime();
            Journal journal = new Journal(storage, dir, options, lock, Recovery.recover(storage, dir, options, epochMillis));
            opened = true;
            LOG.info("Journal {} holds entries {} to {}, commit index {}, read in {} ms", dir, journal.firstIndex(),
                    journal.lastIndex(), journal.commitIndex(), (System.nanoTime() - startNanos) / 1_000_000);
            return journal;
        } catch (IOException | JournalException e) {
            throw JournalException.refusal(dir, "cannot open the journal: ", e);
        } finally {
            if (!opened) {
                DirectoryLock.release(lock);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The first entry held, 0 when there is none. */
    public long firstIndex() {
        return index.first();
    }

    /** The last entry; the floor when none is held, so 0 at the beginning. */
    public long lastIndex() {
        return Math.max(index.last(), index.floor());
    }

    /** The term of {@link #lastIndex()}, 0 at the beginning. */
    public long lastTerm() {
        return index.termAt(lastIndex());
    }

    /** The last entry that was dropped or is covered by an installed snapshot, 0 for none. */
    public long floorIndex() {
        return index.floor();
    }

    /** The term of {@link #floorIndex()}, 0 for none. */
    public long floorTerm() {
        return index.floorTerm();
    }

    /** The newest snapshot saved or installed, whole and on stable storage; null when there is none. */
    public Snapshot snapshot() {
        return snapshot;
    }

    /** The longest command {@link #append} takes. */
    public int maxCommandBytes() {
        return options.maxCommandBytes();
    }

    /** What the journal's files take on the disk, with blocks claimed ahead and the snapshot. Any thread. */
    public long bytesHeld() {
        Snapshot kept = snapshot;
        return files.bytes() + appender.bytesAhead() + (kept == null ? 0 : kept.bytes().length);
    }

    /** What the disk still takes, whatever {@link JournalOptions#maxBytes()} is. Any thread. */
    public long diskBytesFree() {
        try {
            return Files.getFileStore(dir).getUsableSpace();
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot ask for free space: " + e, e);
        }
    }

    /** Whether {@link JournalOptions#maxBytes()} is reached; appending is still possible until the disk is full (I9). */
    public boolean isFull() {
        return options.maxBytes() > 0 && bytesHeld() >= options.maxBytes();
    }

    /** Why dropped files are still on the disk, or null when they are not. */
    public String disposalProblem() {
        return disposal.problem();
    }

    /** The term of this entry or of the floor, 0 when there is none. */
    public long termAt(long entry) {
        return index.termAt(entry);
    }

    public Durability durability() {
        return options.durability();
    }

    /**
     * Writer. Appends one command and returns its index. The entry survives the death of the process at once, a power
     * cut after {@link #sync()}.
     *
     * @param internal whether the group protocol itself wrote it
     */
    public long append(long term, boolean internal, byte[] buffer, int offset, int length) {
        checkUsable();
        check(term, lastTerm(), buffer, offset, length);
        document.begin(chain);
        document.add(index.last() + 1, term, internal, buffer, offset, length);
        appendDocument();
        return lastIndex();
    }

    /**
     * Writer. Appends all of these and returns the last index; the same as one by one, but quicker. When one of them is none
     * that can be appended, those before it are.
     */
    public long append(EntrySource entries) {
        checkUsable();
        document.begin(chain);
        try {
            long next = index.last() + 1;
            long term = lastTerm();
            while (entries.next()) {
                check(entries.term(), term, entries.buffer(), entries.offset(), entries.length());
                if (document.isFullFor(entries.length())) {
                    appendDocument();
                }
                term = entries.term();
                document.add(next++, term, entries.internal(), entries.buffer(), entries.offset(), entries.length());
            }
        } finally {
            if (!document.isEmpty() && !isFailed()) {
                appendDocument();
            }
        }
        return lastIndex();
    }

    private void appendDocument() {
        document.index(index, write());
        document.begin(chain);
    }

    private void check(long term, long lastTerm, byte[] buffer, int offset, int length) {
        Command.requireEntry(buffer, offset, length, options.maxCommandBytes());
        if (term < 1 || term < lastTerm) {
            throw new IllegalArgumentException("term " + term + " after term " + lastTerm);
        }
    }

    /**
     * Writer. Drops the entries from {@code fromIndex} on by writing a record that says so. What is committed is never
     * dropped (Raft, section 5.3: a follower deletes conflicting entries only, and no committed entry conflicts).
     */
    public void cutTail(long fromIndex) {
        checkUsable();
        if (fromIndex < 1 || fromIndex > index.last()) {
            throw new IllegalArgumentException("cannot cut from " + fromIndex + ": the last entry is " + index.last());
        }
        if (fromIndex <= state.commitIndex()) {
            throw new IllegalArgumentException("cannot cut from " + fromIndex + ": committed up to " + state.commitIndex());
        }
        writeOfOurs(fromIndex, lastTerm(), TailCut.command(index.last()));
        index.cut(fromIndex);
    }

    /** A record that is no entry. */
    private void writeOfOurs(long entry, long term, byte[] command) {
        document.begin(chain);
        document.add(entry, term, true, command, 0, command.length);
        write();
    }

    /** Returns where the document's first record stands. */
    private long write() {
        try {
            int sealed = document.seal();
            long place = appender.append(document.bytes(), document.length());
            files.last().start(chain, index.last(), index.lastTerm());
            chain = sealed;
            return place;
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
            throw new JournalException(dir, -1, "append behind entry " + index.last() + " failed, the journal stops: " + e, e);
        }
    }

    /** Any thread. Fills {@code into} with the entry; false when there is none of this index. */
    public boolean read(long entry, JournalEntry into) {
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
        return index.read(entry, files, into);
    }

    /** Any thread. Returns when everything appended before is on stable storage. */
    public void sync() {
        checkUsable();
        try {
            appender.sync();
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
            throw new JournalException(dir, -1, DiskSpace.fullFor(dir, DiskSpace.SPARE_BYTES) + "sync failed, the journal stops: " + e, e);
        }
    }

    /** Any thread. A number of the force of entries that is under way, 0 for none. */
    public long forceUnderWay() {
        return appender.forceUnderWay();
    }

    /** How far the group had committed when this was last told; after a power cut it may be an older value. */
    public long commitIndex() {
        return state.commitIndex();
    }

    /**
     * Remembers how far the group has committed: a store to a mapped page, not forced. One thread at a time. With
     * {@link Durability#DISK} behind the {@link #sync()} of that entry: a journal that ends before it is refused.
     */
    public void commitIndex(long entry) {
        if (entry < state.commitIndex() || entry > lastIndex()) {
            throw new IllegalArgumentException("commit index " + entry + " is not from " + state.commitIndex() + " to " + lastIndex());
        }
        state.commitIndex(entry);
    }

    /**
     * Writer. Stores the state that stands for all entries up to {@code index}, in the place of the one stored before. It
     * is on stable storage when this returns; a crash leaves the one or the other.
     */
    public void saveSnapshot(long covered, long term, byte[] bytes) {
        now(compaction(new Snapshot(covered, term, bytes), floor.index() + 1));
    }

    /**
     * Writer. Every entry before {@code from} is no longer part of the journal, durably when this returns. A snapshot must
     * cover them. Files that hold nothing else are deleted or archived, by another thread.
     */
    public void dropBefore(long from) {
        if (from - 1 > floor.index()) {
            now(compaction(null, from));
        }
    }

    private static void now(Compaction compaction) {
        compaction.store();
        compaction.finish();
    }

    /**
     * Writer. {@link #saveSnapshot} (unless null) and {@link #dropBefore} in one, of which another thread may do the part
     * that waits for the disk; one at a time.
     */
    public Compaction compaction(Snapshot fresh, long from) {
        checkUsable();
        if (underWay != null) {
            throw new IllegalStateException("another compaction is under way");
        }
        underWay = Compaction.of(this, storage, dir, floor, files, index, fresh, from);
        return underWay;
    }

    /** Writer; see {@link Compaction#finish()}. */
    void finish(Compaction stored) {
        if (stored != underWay) {
            return; // finished already, before a snapshot was installed
        }
        underWay = null;
        boolean drops = stored.next().index() > floor.index();
        floor = stored.next();
        if (stored.fresh() != null) {
            snapshot = stored.fresh();
        }
        if (drops) {
            index.raiseFloor(floor.index(), floor.term());
            dispose();
        }
    }

    /**
     * Writer. The journal now holds nothing but this snapshot of another member: what was there is dropped, and the next
     * entry is the one behind it. A crash leaves the old journal or the new one.
     */
    public void installSnapshot(long covered, long term, byte[] bytes) {
        checkUsable();
        if (covered <= commitIndex() || term < 1) {
            throw new IllegalArgumentException("no snapshot of entry " + covered + ", term " + term
                    + " can be installed: committed up to " + commitIndex());
        }
        if (underWay != null) {
            now(underWay);
        }
        FileStart start = new FileStart(appender.rollBeforeNext(), chain, covered, term);
        Compaction install = new Compaction(this, storage, dir, new Snapshot(covered, term, bytes),
                new Floor(covered, term, start, true, covered, term));
        install.store();
        floor = install.next();
        snapshot = install.fresh();
        index.raiseFloor(covered, term);
        index.begin(covered, term);
        state.commitIndex(covered);
        writeRestart();
        dispose();
    }

    /** So that whoever reads the files in order, as from an archive, knows why indices jump here. */
    private void writeRestart() {
        writeOfOurs(floor.index(), floor.term(), Command.encode(EntryKind.RESTART, 0, Command.nowNanos(), new byte[0]));
    }

    private void dispose() {
        List<CycleFile> dropped = files.takeBefore(floor.start().cycle());
        try {
            appender.forget(dropped.stream().map(CycleFile::path).toList());
        } catch (IOException e) {
            failed(e);
            throw new JournalException(dir, -1, "closing dropped files failed, the journal stops: " + e, e);
        }
        disposal.dispose(dropped);
    }

    /**
     * Any thread. The first entry held whose time is not before this, {@link #lastIndex()} + 1 when all are earlier; found
     * by bisection. Where times fall, since another leader's clock was behind, it is one such entry.
     */
    public long indexAt(long epochNanos) {
        return TimeSearch.firstAt(this::read, index.floor() + 1, index.last(), epochNanos);
    }

    /**
     * Writer. The lowest index from which on at most so many bytes are kept, in whole files: what {@link #dropBefore}
     * needs to keep the journal within a size. Never beyond the newest file.
     */
    public long firstIndexWithin(long bytes) {
        int from = files.oldestWithin(bytes);
        return 1 + (from < 0 ? lastIndex() : Math.min(Math.max(index.floor(), files.get(from).start().index()), lastIndex()));
    }

    /** Any thread. From now on nothing can be appended or synced (I7); the first cause is kept. */
    public void failed(Throwable cause) {
        if (failure == null) {
            LOG.error("Journal {} stops", dir, cause);
            failure = cause;
        }
    }

    public boolean isFailed() {
        return failure != null;
    }

    /**
     * Any thread. Whether the machine lost power while entries were acknowledged that had not been forced: some that this
     * member acknowledged may be gone, so counting on it for what is committed is not safe. It stays so, also after a
     * restart, until {@link #remembered()}.
     */
    public boolean mayHaveForgotten() {
        return mark.forgotten();
    }

    /** Writer. The member holds again whatever it may have acknowledged; on stable storage when this returns. */
    public void remembered() {
        checkUsable();
        try {
            mark.remembered();
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
            throw new JournalException(dir, -1, "storing that nothing is forgotten failed, the journal stops: " + e, e);
        }
    }

    /** Forces what is left, and notes that: the next opening knows that nothing can be lost, whatever the kernel did. */
    private void closeFiles() {
        try {
            if (failure == null) {
                appender.closeQueueAndSync();
                mark.closeCleanly();
            }
            mark.close();
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
        }
        appender.close();
    }

    /** Writer. Everything is on stable storage when this returns, unless the journal had failed or fails now. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (intervalSync != null) {
                intervalSync.close();
            }
            closeFiles();
            disposal.close();
        } finally {
            DirectoryLock.release(lock);
        }
    }

    /** Any thread, at the cost of two volatile reads. Throws when the journal is closed or has failed, and says by what. */
    public void checkUsable() {
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
        if (failure != null) {
            throw new JournalException(dir, -1, "the journal has stopped after a failure: " + failure, failure);
        }
    }
}
