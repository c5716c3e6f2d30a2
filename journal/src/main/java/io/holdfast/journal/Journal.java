package io.holdfast.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;

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
    static final String LOCK_FILE = "lock";

    private final Path dir;
    private final JournalOptions options;
    private final FileChannel lock;
    private final StateFile state;
    private final CycleFiles files;
    private final EntryIndex index;
    private final QueueAppender appender;
    private final CRC32C crc = new CRC32C();
    private byte[] record = new byte[4096];
    private int chain;
    private volatile Throwable failure;
    private volatile boolean closed;

    private Journal(Path dir, JournalOptions options, FileChannel lock, Recovery recovered) throws IOException {
        this.dir = dir;
        this.options = options;
        this.lock = lock;
        this.state = recovered.state();
        this.files = recovered.files();
        this.index = recovered.index();
        this.chain = recovered.chain();
        this.appender = new QueueAppender(dir, options, recovered.clock(), state, files, recovered.tail());
    }

    /**
     * Opens the journal in {@code dir}, or begins one. Takes an exclusive lock, checks every record, and throws a
     * {@link JournalException} naming file and position when the journal is damaged or entries it held are missing.
     */
    public static Journal open(Path dir, JournalOptions options) {
        return open(dir, options, System::currentTimeMillis);
    }

    static Journal open(Path dir, JournalOptions options, LongSupplier epochMillis) {
        boolean interrupted = Thread.interrupted();
        FileChannel lock = null;
        boolean opened = false;
        try {
            Files.createDirectories(dir);
            lock = takeLock(dir);
            long startNanos = System.nanoTime();
            Journal journal = new Journal(dir, options, lock, Recovery.recover(dir, options, epochMillis));
            opened = true;
            LOG.info("Journal {} holds entries {} to {}, commit index {}, read in {} ms", dir, journal.firstIndex(),
                    journal.lastIndex(), journal.commitIndex(), (System.nanoTime() - startNanos) / 1_000_000);
            return journal;
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot open the journal: " + e, e);
        } finally {
            if (!opened) {
                release(lock);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static FileChannel takeLock(Path dir) throws IOException {
        Path path = dir.resolve(LOCK_FILE);
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = null;
        try {
            held = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            throw new JournalException(path, -1, "the journal is open in this process already", e);
        } finally {
            if (held == null) {
                channel.close();
            }
        }
        if (held == null) {
            throw new JournalException(path, -1, "the journal is open in another process");
        }
        return channel;
    }

    /** The first entry held, 0 when there is none. */
    public long firstIndex() {
        return index.first();
    }

    /** The last entry, 0 when there is none. */
    public long lastIndex() {
        return index.last();
    }

    /** The term of the last entry, 0 when there is none. */
    public long lastTerm() {
        return index.lastTerm();
    }

    /** The term of this entry, 0 when there is none. */
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
        String problem = Command.problem(buffer, offset, length);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        if (length > options.maxCommandBytes()) {
            throw new IllegalArgumentException("command of " + length + " bytes is longer than " + options.maxCommandBytes());
        }
        if (Command.kind(buffer, offset) == EntryKind.TAIL_CUT) {
            throw new IllegalArgumentException("TAIL_CUT is no entry: use cutTail");
        }
        if (term < 1 || term < index.lastTerm()) {
            throw new IllegalArgumentException("term " + term + " after term " + index.lastTerm());
        }
        System.arraycopy(buffer, offset, recordFor(length), StoredRecord.HEADER_BYTES, length);
        long entry = index.last() + 1;
        long place = write(entry, term, internal, length);
        index.append(term, place);
        return entry;
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
        TailCut.encode(index.last(), Math.multiplyExact(System.currentTimeMillis(), 1_000_000L),
                recordFor(TailCut.COMMAND_BYTES), StoredRecord.HEADER_BYTES);
        write(fromIndex, index.lastTerm(), true, TailCut.COMMAND_BYTES);
        index.cut(fromIndex);
    }

    private byte[] recordFor(int commandLength) {
        int needed = StoredRecord.HEADER_BYTES + commandLength;
        if (record.length < needed) {
            record = new byte[Math.max(needed, record.length * 2)];
        }
        return record;
    }

    private long write(long entry, long term, boolean internal, int commandLength) {
        try {
            int sealed = StoredRecord.seal(record, commandLength, entry, term, internal, chain, crc);
            long place = appender.append(record, StoredRecord.HEADER_BYTES + commandLength);
            chain = sealed;
            return place;
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
            throw new JournalException(dir, -1, "append of entry " + entry + " failed, the journal stops: " + e, e);
        }
    }

    /** Any thread. Fills {@code into} with the entry; false when there is none of this index. */
    public boolean read(long entry, JournalEntry into) {
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
        if (entry < 1 || entry > index.last()) {
            return false;
        }
        files.read(index.place(entry), into);
        if (into.index() != entry) {
            throw new JournalException(dir, -1, "the index leads from entry " + entry + " to entry " + into.index());
        }
        return true;
    }

    /** Writer. Returns when everything appended is on stable storage. */
    public void sync() {
        checkUsable();
        try {
            appender.sync();
        } catch (IOException | RuntimeException | Error e) {
            failed(e);
            throw new JournalException(dir, -1, "sync failed, the journal stops: " + e, e);
        }
    }

    /** How far the group had committed when this was last told; after a power cut it may be an older value. */
    public long commitIndex() {
        return state.commitIndex();
    }

    /** Remembers how far the group has committed: a store to a mapped page, not forced. One thread at a time. */
    public void commitIndex(long entry) {
        if (entry < state.commitIndex() || entry > index.last()) {
            throw new IllegalArgumentException("commit index " + entry + " is not from " + state.commitIndex() + " to "
                    + index.last());
        }
        state.commitIndex(entry);
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

    /** Writer. Forces nothing: that is {@link #sync()}. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            appender.close();
        } finally {
            release(lock);
        }
    }

    private void checkUsable() {
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
        Throwable cause = failure;
        if (cause != null) {
            throw new JournalException(dir, -1, "the journal has stopped after a failure: " + cause, cause);
        }
    }

    private static void release(FileChannel lock) {
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException e) {
                LOG.warn("Cannot close the lock file of a journal", e);
            }
        }
    }
}
