package io.holdfast.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
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
record Recovery(Floor floor, Snapshot snapshot, StateFile state, CycleFiles files, EntryIndex index, ForcedMark mark,
                int chain, long tail, boolean tailClosed, CycleClock clock, List<Path> dropped) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    /** What one interrupted write can leave behind the end: a record, or an index page of Chronicle. */
    private static final int LEFTOVER_BYTES = CycleFile.MAX_RECORD_BYTES + (128 << 10);
    private static final int SCAN_BYTES = 64 << 10;

    static Recovery recover(StableStorage storage, Path dir, JournalOptions options, LongSupplier epochMillis) throws IOException {
        checkSpace(dir, options);
        if (!Files.exists(dir.resolve(StateFile.FILE_NAME))) {
            begin(storage, dir);
        }
        StateFile state = StateFile.open(dir, true);
        Floor floor = Floor.load(dir);
        if (floor == null) {
            throw new JournalException(dir.resolve(Floor.FILE_NAME), -1, "is missing: where the journal begins is not known any more");
        }
        Snapshot snapshot = SnapshotFile.load(dir, floor);
        SnapshotFile.removeOthers(storage, dir, floor.snapshot());
        ForcedMark mark = ForcedMark.load(storage, dir);
        boolean torn = mark.powerMayHaveFailed();
        if (torn) {
            TornEnd.cut(storage, dir, floor, mark);
        }
        CycleFiles files = withoutUnbornFile(storage, dir, floor.start().cycle());
        checkNewestFile(dir, state, floor, files, torn);

        EntryIndex index = new EntryIndex();
        RecordWalk walk = new RecordWalk(files, index, floor.start(), false);
        JournalEntry entry = new JournalEntry();
        while (walk.next(entry) != RecordWalk.Step.END) {
            // The walk checks and fills the index.
        }
        CycleFile newest = files.last();
        if (torn && (index.last() < floor.snapshot() || !holdsFirst(index, floor) || !holdsWhatSnapshotCovers(index, floor))) {
            int next = new CycleClock(epochMillis, newest == null ? floor.start().cycle() : newest.cycle()).next();
            floor.begunAnewBehindSnapshot(next, walk.chain()).store(storage, dir);
            return recover(storage, dir, options, epochMillis);
        }
        // A snapshot covers committed entries only, and a floor stands on a snapshot.
        state.commitIndex(Math.max(state.commitIndex(), floor.snapshot()));
        if (torn && !mark.acknowledgedIsForced()) {
            lowerCommitIndex(dir, state, floor.snapshot());
        }
        if (torn) {
            state.force(storage);
        }
        if (state.commitIndex() > index.last()) {
            throw new JournalException(endOf(dir, files), walk.tailPosition(), "the journal ends with entry " + index.last()
                    + " but entries up to " + state.commitIndex() + " were committed: acknowledged entries are missing");
        }
        checkMark(dir, mark, floor, files, walk.tailPosition(), index.last());
        index.raiseFloor(floor.index(), floor.term());
        if (newest != null && !walk.tailClosed()) {
            cleanTail(storage, newest, walk.tailPosition());
        }
        int cycle = newest == null ? Math.max(0, floor.start().cycle() - 1) : newest.cycle();
        return new Recovery(floor, snapshot, state, files, index, mark, walk.chain(), walk.tailPosition(), walk.tailClosed(),
                new CycleClock(epochMillis, cycle), dropped(dir, floor));
    }

    /** The oldest file may have begun with a cut, and with it lost what leads back to the floor. */
    private static boolean holdsFirst(EntryIndex index, Floor floor) {
        return index.last() <= floor.index() || index.met(floor.index() + 1);
    }

    /**
     * The snapshot is forced, and a cut of other entries in the same places, which it came behind, may be gone with the power.
     * With the same term in its place all in front of it is the same (Raft paper, 5.3, log matching).
     */
    private static boolean holdsWhatSnapshotCovers(EntryIndex index, Floor floor) {
        return floor.snapshot() <= floor.index() || index.termAt(floor.snapshot()) == floor.snapshotTerm();
    }

    private static void begin(StableStorage storage, Path dir) throws IOException {
        if (!CycleFiles.paths(dir).isEmpty()) {
            throw new JournalException(dir.resolve(StateFile.FILE_NAME), -1, "is missing, but there are cycle files");
        }
        Floor.NONE.store(storage, dir);
        ForcedMark.create(storage, dir);
        StateFile.create(storage, dir);
    }

    /** What a crash kept from being removed. */
    private static List<Path> dropped(Path dir, Floor floor) {
        return CycleFiles.paths(dir).stream().filter(path -> CycleFiles.cycleOf(path) < floor.start().cycle()).toList();
    }

    private static void checkSpace(Path dir, JournalOptions options) throws IOException {
        long usable = Files.getFileStore(dir).getUsableSpace();
        if (usable < options.preallocateBytes() + DiskSpace.SPARE_BYTES) {
            throw JournalException.advising(dir, -1, "disk full: " + usable + " bytes are free, "
                    + (options.preallocateBytes() + DiskSpace.SPARE_BYTES) + " are needed", "Make room and start again", null);
        }
    }

    /** Removes a newest file that a crash left before it was begun; nothing can be in it. */
    private static CycleFiles withoutUnbornFile(StableStorage storage, Path dir, int fromCycle) throws IOException {
        CycleFiles files = CycleFiles.list(dir, fromCycle);
        CycleFile newest = files.last();
        if (newest == null) {
            return files;
        }
        int header = newest.header(0);
        if (header != 0 && (header & CycleFile.NOT_COMPLETE) == 0) {
            return files;
        }
        long found = findDocument(newest.path(), 0, Long.MAX_VALUE);
        if (found >= 0) {
            throw new JournalException(newest.path(), 0, "the cycle file has no header but a record at byte " + found);
        }
        LOG.warn("Removing {}: a crash left it before its header was finished; it holds no record", newest.path());
        storage.delete(newest.path());
        storage.forceDirectory(dir);
        return CycleFiles.list(dir, fromCycle);
    }

    /**
     * The commit index may be newer than the records: among those that are gone may be one that cut a tail, and then other
     * entries than were committed stand in their places again. Certainly the same are those in front of the snapshot, which is
     * forced; how far the others are committed the next leader tells (Raft paper, figure 2: it is volatile).
     */
    private static void lowerCommitIndex(Path dir, StateFile state, long forced) {
        if (state.commitIndex() > forced) {
            LOG.warn("Journal {}: after the power cut it is not certain that entries {} to {}, which were committed, are here; a "
                    + "majority of the group has them", dir, forced + 1, state.commitIndex());
            state.commitIndex(forced);
        }
    }

    /** Also without a power cut: an end in front of what was forced, where nothing else shows that there was more. */
    private static void checkMark(Path dir, ForcedMark mark, Floor floor, CycleFiles files, long tail, long last) {
        CycleFile newest = files.last();
        String lacking = mark.lacking(newest == null ? floor.start().cycle() : newest.cycle(), tail, last);
        if (lacking != null) {
            throw new JournalException(endOf(dir, files), tail, lacking);
        }
    }

    /** What a power cut tore has been cut off by now, files too; what may be missing is told by the mark. */
    private static void checkNewestFile(Path dir, StateFile state, Floor floor, CycleFiles files, boolean torn) {
        CycleFile newest = files.last();
        int known = newest == null ? floor.start().cycle() - 1 : newest.cycle();
        if (torn && known < state.newestCycle()) {
            state.newestCycle(known);
        }
        if (known < state.newestCycle()) {
            throw new JournalException(CycleFiles.pathOf(dir, (int) state.newestCycle()), -1,
                    "the newest cycle file is missing, which " + StateFile.FILE_NAME + " tells of: acknowledged entries are missing");
        }
    }

    /** Wipes what an interrupted append left, unless it shows that there was more. */
    private static void cleanTail(StableStorage storage, CycleFile file, long tail) throws IOException {
        long found = findDocument(file.path(), tail, tail + LEFTOVER_BYTES);
        if (found >= 0) {
            throw new JournalException(file.path(), tail, "no record here, but a later one at byte " + found
                    + ": entries between are missing");
        }
        try (ForcedFile forced = new ForcedFile(storage, file.path())) {
            forced.wipe(tail, Math.min(forced.length(), tail + LEFTOVER_BYTES));
        }
    }

    /**
     * Where a finished document that begins with a whole record has it, between two positions; -1 when there is none. What
     * a dying append leaves has no document header: the word before its records is zero.
     */
    private static long findDocument(Path path, long from, long to) throws IOException {
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
                            && at + i >= CycleFile.HEADER_BYTES && isDocument(channel, at + i, record)) {
                        return at + i;
                    }
                }
            }
        }
        return -1;
    }

    private static boolean isDocument(FileChannel channel, long position, JournalEntry into) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(CycleFile.HEADER_BYTES + StoredRecord.HEADER_BYTES);
        channel.read(header, position - CycleFile.HEADER_BYTES);
        int commandLength = header.getInt(CycleFile.HEADER_BYTES + StoredRecord.LENGTH);
        if (header.getInt(0) == 0 || commandLength < Command.HEADER_BYTES || commandLength > JournalOptions.MAX_COMMAND_BYTES) {
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
