package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.threads.Pauser;
import net.openhft.chronicle.threads.TimingPauser;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Owned by the writer's thread: puts records into the Chronicle Queue and knows on which place each one landed.
 *
 * <p>Chronicle stores into sparse mappings. On a full disk such a store is a SIGBUS, which the JVM turns into an error
 * thrown at some later point with the store silently left out. So blocks are claimed ahead by writing zeros with a system
 * call, which fails in an orderly way, and Chronicle only ever stores into blocks that exist.
 */
final class QueueAppender implements AutoCloseable {
    /** What Chronicle may write behind a record by itself: an index page of 4096 longs, in the first file two of them. */
    private static final int INDEX_BYTES = 128 << 10;
    private static final int PAGE_BYTES = 4096;

    private final Path dir;
    private final JournalOptions options;
    private final CycleClock clock;
    private final StateFile state;
    private final CycleFiles files;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    /** Rolled files and the directory that {@link #sync()} has yet to force. */
    private final List<ForcedFile> rolled = new ArrayList<>();
    private boolean directoryChanged = true;
    private ForcedFile current;
    private int cycle = -1;
    private long tail;
    private long claimed;

    QueueAppender(Path dir, JournalOptions options, CycleClock clock, StateFile state, CycleFiles files, long tail)
            throws IOException {
        this.dir = dir;
        this.options = options;
        this.clock = clock;
        this.state = state;
        this.files = files;
        // Chronicle's metadata holds a write lock by process id, which a dead process leaves behind and a restarted
        // container with the same ids takes for its own, and a listing of the files. The directory lock makes us the
        // only writer, so both are made anew.
        Files.deleteIfExists(dir.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE));
        this.queue = open(dir, options, clock);
        this.appender = appender(queue, dir, files);
        CycleFile newest = files.last();
        if (newest != null) {
            this.current = new ForcedFile(newest.path());
            this.cycle = newest.cycle();
            this.tail = tail;
            this.claimed = pageAligned(tail);
        }
    }

    private static ChronicleQueue open(Path dir, JournalOptions options, CycleClock clock) {
        // One pauser and not one for each wait: nobody else ever holds the queue's lock.
        TimingPauser pauser = Pauser.balanced();
        return ChronicleQueue.singleBuilder(dir)
                .rollCycle(RollCycles.FAST_HOURLY)
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
            throw new JournalException(files.last() == null ? dir : files.last().path(), -1,
                    "the records are whole, but Chronicle cannot read its own tables in the file: " + e, e);
        }
    }

    /** Writes one record and returns its place. */
    long append(byte[] record, int length) throws IOException {
        int now = clock.advance();
        if (now != cycle) {
            beginFile(now);
        }
        claim(length);
        long position = write(record, length);
        CycleFile file = files.last();
        if (file == null || file.cycle() != now) {
            file = new CycleFile(current.path(), now);
            files.add(file);
            state.newestCycle(now);
        }
        tail = CycleFile.next(position, length);
        if (appender.cycle() != now || !file.map(position, CycleFile.HEADER_BYTES + length) || file.header(position) != length) {
            throw new JournalException(file.path(), position, "Chronicle did not put the record where it said");
        }
        return CycleFiles.place(files.count() - 1, position);
    }

    private long write(byte[] record, int length) {
        // An interrupt would make Chronicle give up on its lock or its mapping half-way.
        boolean interrupted = Thread.interrupted();
        try (DocumentContext document = appender.writingDocument()) {
            try {
                Bytes<?> bytes = document.wire().bytes();
                long position = bytes.writePosition() - CycleFile.HEADER_BYTES;
                bytes.write(record, 0, length);
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

    private void beginFile(int next) throws IOException {
        Path path = CycleFiles.pathOf(dir, next);
        if (current != null) {
            // Chronicle closes the old file with an end mark.
            claim(0);
            rolled.add(current);
        }
        ForcedFile fresh = new ForcedFile(path);
        try {
            // Chronicle writes its header into a file that is all zeros as into one that is empty.
            fresh.zero(0, options.preallocateBytes());
        } catch (IOException e) {
            fresh.close();
            Files.delete(path);
            throw cannotClaim(path, 0, e);
        }
        current = fresh;
        cycle = next;
        tail = 0;
        claimed = options.preallocateBytes();
        directoryChanged = true;
    }

    private void claim(int length) throws IOException {
        long need = tail + length + INDEX_BYTES;
        while (claimed < need) {
            try {
                current.zero(claimed, claimed + options.preallocateBytes());
            } catch (IOException e) {
                throw cannotClaim(current.path(), claimed, e);
            }
            claimed += options.preallocateBytes();
        }
    }

    private JournalException cannotClaim(Path path, long offset, IOException cause) throws IOException {
        long usable = Files.getFileStore(dir).getUsableSpace();
        return new JournalException(path, offset, (usable < options.preallocateBytes() ? "disk full: " : "")
                + "cannot claim " + options.preallocateBytes() + " bytes, " + usable + " are free: " + cause.getMessage(), cause);
    }

    /** Returns when all that was appended, and the names of the files, are on stable storage. */
    void sync() throws IOException {
        while (!rolled.isEmpty()) {
            ForcedFile file = rolled.get(0);
            file.force();
            file.close();
            rolled.remove(0);
        }
        if (current != null) {
            current.force();
        }
        if (directoryChanged) {
            Directories.force(dir);
            directoryChanged = false;
        }
    }

    @Override
    public void close() {
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
