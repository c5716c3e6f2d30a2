package io.holdfast.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.LongSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the opening thread, under the journal's lock: reads a journal back and makes its end ready to be appended to,
 * before Chronicle sees the files.
 *
 * <p>Chronicle must not see a file it cannot read: it renames one whose header is unfinished to {@code .discard} and
 * begins an empty one in its place.
 */
record Recovery(StateFile state, CycleFiles files, EntryIndex index, int chain, long tail, CycleClock clock) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    /** What one interrupted write can leave behind the end: a record, or an index page of Chronicle. */
    private static final int LEFTOVER_BYTES = CycleFile.MAX_RECORD_BYTES + (128 << 10);
    private static final int SCAN_BYTES = 64 << 10;
    private static final long SPARE_BYTES = 1 << 20;

    static Recovery recover(Path dir, JournalOptions options, LongSupplier epochMillis) throws IOException {
        checkSpace(dir, options);
        CycleFiles files = CycleFiles.list(dir);
        if (!Files.exists(dir.resolve(StateFile.FILE_NAME))) {
            if (files.count() > 0) {
                throw new JournalException(dir.resolve(StateFile.FILE_NAME), -1, "is missing, but there are cycle files");
            }
            StateFile.create(dir);
        }
        StateFile state = StateFile.open(dir, true);
        files = withoutUnbornFile(dir, files);
        checkNewestFile(dir, state, files);

        EntryIndex index = new EntryIndex();
        RecordWalk walk = new RecordWalk(files, index, false);
        JournalEntry entry = new JournalEntry();
        while (walk.next(entry) != RecordWalk.Step.END) {
            // The walk checks and fills the index.
        }
        if (state.commitIndex() > index.last()) {
            throw new JournalException(endOf(dir, files), walk.tailPosition(), "the journal ends with entry " + index.last()
                    + " but entries up to " + state.commitIndex() + " were committed: acknowledged entries are missing");
        }
        CycleFile newest = files.last();
        if (newest != null && !walk.tailClosed()) {
            cleanTail(newest, walk.tailPosition(), index.last());
        }
        int notBefore = newest == null ? 0 : newest.cycle() + (walk.tailClosed() ? 1 : 0);
        return new Recovery(state, files, index, walk.chain(), walk.tailPosition(), new CycleClock(epochMillis, notBefore));
    }

    private static void checkSpace(Path dir, JournalOptions options) throws IOException {
        long usable = Files.getFileStore(dir).getUsableSpace();
        if (usable < options.preallocateBytes() + SPARE_BYTES) {
            throw new JournalException(dir, -1, "disk full: " + usable + " bytes are free, "
                    + (options.preallocateBytes() + SPARE_BYTES) + " are needed");
        }
    }

    /** Removes a newest file that a crash left before it was begun; nothing can be in it. */
    private static CycleFiles withoutUnbornFile(Path dir, CycleFiles files) throws IOException {
        CycleFile newest = files.last();
        if (newest == null) {
            return files;
        }
        int header = newest.header(0);
        if (header != 0 && (header & CycleFile.NOT_COMPLETE) == 0) {
            return files;
        }
        long found = findRecord(newest.path(), 0, Long.MAX_VALUE, 0);
        if (found >= 0) {
            throw new JournalException(newest.path(), 0, "the cycle file has no header but a record at byte " + found);
        }
        LOG.warn("Removing {}: a crash left it before its header was finished; it holds no record", newest.path());
        Files.delete(newest.path());
        Directories.force(dir);
        return CycleFiles.list(dir);
    }

    private static void checkNewestFile(Path dir, StateFile state, CycleFiles files) {
        CycleFile newest = files.last();
        if (newest == null ? state.newestCycle() >= 0 : newest.cycle() < state.newestCycle()) {
            throw new JournalException(CycleFiles.pathOf(dir, (int) state.newestCycle()), -1,
                    "the newest cycle file is missing: acknowledged entries are missing");
        }
    }

    /** Wipes what an interrupted append left, unless it shows that there was more. */
    private static void cleanTail(CycleFile file, long tail, long lastIndex) throws IOException {
        long found = findRecord(file.path(), tail, tail + LEFTOVER_BYTES, lastIndex + 2);
        if (found >= 0) {
            throw new JournalException(file.path(), tail, "no record here, but a later one at byte " + found
                    + ": entries after index " + lastIndex + " are missing");
        }
        try (ForcedFile forced = new ForcedFile(file.path())) {
            forced.wipe(tail, Math.min(forced.length(), tail + LEFTOVER_BYTES));
        }
    }

    /** Where a whole record of at least this index starts between two positions, -1 when none does. */
    private static long findRecord(Path path, long from, long to, long minIndex) throws IOException {
        JournalEntry record = new JournalEntry();
        ByteBuffer block = ByteBuffer.allocate(SCAN_BYTES);
        byte[] zeros = new byte[SCAN_BYTES];
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long end = Math.min(channel.size(), to);
            for (long at = from; at < end; at += block.capacity()) {
                block.clear();
                int read = channel.read(block, at);
                if (Arrays.equals(block.array(), 0, read, zeros, 0, read)) {
                    continue;
                }
                for (int i = 0; i + Integer.BYTES <= read; i += Integer.BYTES) {
                    if (block.getInt(i) >>> 8 == (StoredRecord.MAGIC << 8 | StoredRecord.VERSION)
                            && isRecord(channel, at + i, record) && record.index() >= minIndex) {
                        return at + i;
                    }
                }
            }
        }
        return -1;
    }

    private static boolean isRecord(FileChannel channel, long position, JournalEntry into) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(StoredRecord.HEADER_BYTES);
        channel.read(header, position);
        int commandLength = header.getInt(4);
        if (commandLength < Command.HEADER_BYTES || commandLength > JournalOptions.MAX_COMMAND_BYTES) {
            return false;
        }
        int length = StoredRecord.HEADER_BYTES + commandLength;
        ByteBuffer whole = ByteBuffer.wrap(into.bufferFor(length), 0, length);
        return channel.read(whole, position) == length && into.filled(length) == null;
    }

    private static Path endOf(Path dir, CycleFiles files) {
        return files.last() == null ? dir : files.last().path();
    }
}
