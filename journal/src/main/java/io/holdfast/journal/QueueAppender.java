package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.MappedBytesStore;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.threads.Pauser;
import net.openhft.chronicle.threads.TimingPauser;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Owned by the writer's thread: puts records into the Chronicle Queue and knows on which place each one landed.
 *
 * <p>Chronicle stores into sparse mappings. On a full disk such a store is a SIGBUS, which the JVM turns into an error
 * thrown at some later point with the store silently left out. So {@link BlocksAhead} claims blocks with a system call,
 * which fails in an orderly way, and Chronicle only ever stores into blocks that exist.
 */
final class QueueAppender implements AutoCloseable {
    /** What Chronicle may write behind a record by itself: an index page of 4096 longs, in the first file two of them. */
    private static final int INDEX_BYTES = 128 << 10;
    private static final int PAGE_BYTES = 4096;

    private final StableStorage storage;
    private final Path dir;
    private final JournalOptions options;
    private final CycleClock clock;
    private final StateFile state;
    private final CycleFiles files;
    private final ForcedMark mark;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    /** Rolled files and the directory that {@link #sync()} has yet to force. */
    private final List<ForcedFile> rolled = new ArrayList<>();
    private boolean directoryChanged = true;
    /** The newest file when it was forced whole, and how far it was since; under the lock. */
    private CycleFile forced;
    private long forcedBytes;
    /** Changed by the writer alone, and under the lock of this object, which whoever forces takes too. */
    private volatile ForcedFile current;
    private volatile long appendedBytes;
    /** Written under the lock of this object; counted in {@link #forces}, 0 between two. */
    private volatile long forceUnderWay;
    private long forces;
    private boolean rollNext;
    private long tail;
    private final BlocksAhead blocks;
    /** What Chronicle stored through last, and the mapping that stood for. */
    private Bytes<?> stored;
    private Object mapped;

    QueueAppender(StableStorage storage, Path dir, JournalOptions options, Recovery recovered) throws IOException {
        this.storage = storage;
        this.dir = dir;
        this.options = options;
        this.clock = recovered.clock();
        this.state = recovered.state();
        this.files = recovered.files();
        this.mark = recovered.mark();
        // Chronicle's metadata holds a write lock by process id, which a dead process leaves behind and a restarted
        // container with the same ids takes for its own, and a listing of the files. The directory lock makes us the
        // only writer, so both are made anew.
        Files.deleteIfExists(dir.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE));
        this.queue = open(dir, options, clock);
        this.appender = appender(queue, dir, files);
        CycleFile newest = files.last();
        if (newest != null) {
            this.current = new ForcedFile(storage, newest.path());
            this.tail = recovered.tail();
            this.rollNext = recovered.tailClosed();
        }
        this.blocks = new BlocksAhead(storage, options);
        blocks.begin(current, pageAligned(tail));
    }

    private static ChronicleQueue open(Path dir, JournalOptions options, CycleClock clock) {
        // One pauser and not one for each wait: nobody else ever holds the queue's lock.
        TimingPauser pauser = Pauser.balanced();
        return ChronicleQueue.singleBuilder(dir)
                .rollCycle(CycleFiles.ROLL_CYCLE)
                .blockSize(options.blockBytes())
                .timeProvider(clock)
                .pauserSupplier(() -> pauser)
                .syncMode(SyncMode.NONE)
                .build();
    }

    private static ExcerptAppender appender(ChronicleQueue queue, Path dir, CycleFiles files) {
        try {
            ExcerptAppender created = queue.createAppender();
            created.singleThreadedCheckDisabled(true); // one thread at a time, but not always the same
            return created;
        } catch (RuntimeException e) {
            queue.close();
            throw new JournalException(files.last() == null ? dir : files.last().path(), files.last() == null ? -1 : 0,
                    "the records are whole, but Chronicle cannot read its own tables in the file: " + e, e);
        }
    }

    /** Writes one document and returns the place of its content. */
    long append(byte[] document, int length) throws IOException {
        if (current == null || rollNext || tail > 0 && tail + length > options.rollBytes() || clock.hourPassed()) {
            beginFile(clock.next());
        }
        claim(length);
        long position = write(document, length);
        CycleFile file = files.last();
        if (tail == 0) {
            file = new CycleFile(current.path(), CycleFiles.cycleOf(current.path()));
            files.add(file);
            state.newestCycle(file.cycle());
        }
        tail = CycleFile.next(position, length);
        appendedBytes += length;
        file.endBytes(tail);
        // Asked for through Chronicle's mapping: its pages are open, and a page fault costs more than all else here.
        if (appender.cycle() != file.cycle() || !file.map(position, CycleFile.HEADER_BYTES + length)
                || stored.readVolatileInt(position) != length) {
            throw new JournalException(file.path(), position, "Chronicle did not put the record where it said");
        }
        return CycleFiles.place(files.count() - 1, position + CycleFile.HEADER_BYTES);
    }

    /** The next record begins another file, whose number is returned. */
    int rollBeforeNext() {
        rollNext = true;
        return clock.next();
    }

    /** These files are dropped: there is nothing to force any more. */
    synchronized void forget(List<Path> dropped) throws IOException {
        for (int i = rolled.size() - 1; i >= 0; i--) {
            if (dropped.contains(rolled.get(i).path())) {
                rolled.remove(i).close();
            }
        }
    }

    /** Changes with every record. Any thread. */
    long appendedBytes() {
        return appendedBytes;
    }

    /** Blocks claimed ahead of the last record. Any thread. */
    long bytesAhead() {
        CycleFile newest = files.last();
        return newest == null ? 0 : Math.max(0, blocks.claimed() - newest.endBytes());
    }

    private long write(byte[] record, int length) {
        // An interrupt would make Chronicle give up on its lock or its mapping half-way.
        boolean interrupted = Thread.interrupted();
        try (DocumentContext document = appender.writingDocument()) {
            try {
                Bytes<?> bytes = document.wire().bytes();
                long position = bytes.writePosition() - CycleFile.HEADER_BYTES;
                bytes.write(record, 0, length);
                stored = bytes;
                noticeMapping(position + length);
                return position;
            } catch (Throwable t) {
                document.rollbackOnClose();
                throw t;
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Chronicle goes through a file mapping after mapping. */
    private void noticeMapping(long end) {
        if (stored.bytesStore() != mapped && stored.bytesStore() instanceof MappedBytesStore store) {
            mapped = store;
            blocks.mapped(store.addressForRead(store.start()) - store.start(), end, store.safeLimit());
        }
    }

    private void beginFile(int next) throws IOException {
        Path path = CycleFiles.pathOf(dir, next);
        if (current != null) {
            // Chronicle closes the old file with an end mark.
            claim(0);
        }
        ForcedFile fresh = new ForcedFile(storage, path);
        try {
            // Chronicle writes its header into a file that is all zeros as into one that is empty.
            blocks.begin(fresh, 0);
            blocks.claim(BlocksAhead.FIRST_BYTES, mostClaimed());
        } catch (IOException e) {
            fresh.close();
            storage.delete(path);
            throw cannotClaim(path, 0, e);
        }
        clock.advanceTo(next);
        replaceCurrent(fresh);
        rollNext = false;
        tail = 0;
    }

    private synchronized void replaceCurrent(ForcedFile fresh) {
        if (current != null) {
            rolled.add(current);
        }
        current = fresh;
        directoryChanged = true;
    }

    private void claim(int length) throws IOException {
        try {
            blocks.claim(tail + length + INDEX_BYTES, mostClaimed());
        } catch (IOException e) {
            throw cannotClaim(current.path(), blocks.claimed(), e);
        }
    }

    /** A file seldom grows beyond where it is closed. */
    private long mostClaimed() {
        return options.rollBytes() + INDEX_BYTES;
    }

    private JournalException cannotClaim(Path path, long offset, IOException cause) throws IOException {
        long usable = Files.getFileStore(dir).getUsableSpace();
        return new JournalException(path, offset, DiskSpace.fullFor(dir, BlocksAhead.FIRST_BYTES)
                + "cannot claim blocks, " + usable + " bytes are free: " + cause.getMessage(), cause);
    }

    /**
     * Before the first append. A process that died left what it had not forced yet, in as many files as it had begun since;
     * nobody would force it again, and yet its entries are acknowledged from here on. Without {@code atOnce} the next
     * {@link #sync()} does it.
     */
    synchronized void takeOverSinceTheMark(boolean atOnce) throws IOException {
        for (int i = 0; i < files.count() - 1; i++) {
            if (files.get(i).cycle() >= mark.cycle()) {
                rolled.add(new ForcedFile(storage, files.get(i).path()));
            }
        }
        directoryChanged = true;
        if (atOnce) {
            sync();
        }
    }

    /**
     * Any thread. Returns when all that was appended, and the names of the files, are on stable storage. Of a file that was
     * forced whole once, and so has Chronicle's header, only what was appended since is: its header and tables, which change
     * with each record, and the zeros claimed ahead would be more to write than the records, and nothing depends on them
     * ({@link TornEnd} lets Chronicle append nothing to a file that is older than its records).
     */
    synchronized void sync() throws IOException {
        sync(false);
    }

    private void sync(boolean whole) throws IOException {
        forceUnderWay = ++forces;
        try {
            forceAll(whole);
        } finally {
            forceUnderWay = 0;
        }
    }

    /** The number of the force that is under way, 0 for none. Any thread. */
    long forceUnderWay() {
        return forceUnderWay;
    }

    private void forceAll(boolean whole) throws IOException {
        // Read before anything is forced: what is appended meanwhile may or may not be.
        CycleFile newest = files.last();
        long end = newest == null ? 0 : newest.endBytes();
        boolean otherFiles = directoryChanged || !rolled.isEmpty();
        while (!rolled.isEmpty()) {
            ForcedFile file = rolled.get(0);
            file.force();
            file.close();
            rolled.remove(0);
        }
        if (current != null) {
            if (whole || newest == null || newest != forced || !newest.path().equals(current.path())) {
                current.force();
            } else {
                current.force(forcedBytes, end);
            }
            forced = newest;
            forcedBytes = end;
        }
        if (directoryChanged) {
            storage.forceDirectory(dir);
            directoryChanged = false;
        }
        if (newest != null) {
            mark.advance(newest.cycle(), end);
        }
        if (otherFiles) {
            mark.force();
        }
    }

    /** Returns when everything is on stable storage; Chronicle does not change the files any more. */
    synchronized void closeQueueAndSync() throws IOException {
        appender.close();
        queue.close();
        sync(true);
    }

    @Override
    public synchronized void close() {
        blocks.close();
        appender.close();
        queue.close();
        try {
            for (ForcedFile file : rolled) {
                file.close();
            }
            if (current != null) {
                current.close();
            }
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot close the journal: " + e, e);
        }
    }

    private static long pageAligned(long position) {
        return position + PAGE_BYTES - 1 & -PAGE_BYTES;
    }
}
