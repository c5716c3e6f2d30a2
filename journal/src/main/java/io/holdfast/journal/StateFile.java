package io.holdfast.journal;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Written by the journal's writer, read by any thread: what lets a reopened journal notice that its end is gone.
 *
 * <p>A mapped page with the commit index and the newest cycle; it survives the process, and a power cut may set it back
 * to an older value. As long as no power cut tears the journal's end, both only ever understate what the journal held, so a
 * journal that holds less has lost entries.
 *
 * <p>A commit index that is too low costs nothing: the next leader tells it again. One that is too high, and still not beyond
 * the journal's end, would make entries of those that may yet be cut. So it is there twice, and the lower one counts: a bit
 * that rots in one of them never raises it, and neither does a process that dies between the two stores.
 */
final class StateFile {
    static final String FILE_NAME = "state";
    static final int BYTES = 4096;
    static final int COMMIT_INDEX = 16;
    static final int NEWEST_CYCLE = 24;
    /** The commit index again, each bit inverted; 0 where an earlier build, which did not know it, wrote the file. */
    static final int COMMIT_INDEX_AGAIN = 32;
    private static final int MAGIC = 0x48465354;
    private static final int VERSION = 2;
    private static final long NOT_THERE = -1;
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final Path path;
    private final MappedByteBuffer page;

    private StateFile(Path path, MappedByteBuffer page) {
        this.path = path;
        this.page = page;
    }

    /** Makes the file of a new journal whole before its name appears. */
    static void create(StableStorage storage, Path dir) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(BYTES);
        content.putInt(0, MAGIC).putInt(4, VERSION).putLong(NEWEST_CYCLE, -1).putLong(COMMIT_INDEX_AGAIN, ~0L);
        storage.replace(dir, FILE_NAME, content.array());
    }

    static StateFile open(Path dir, boolean writable) throws IOException {
        Path path = dir.resolve(FILE_NAME);
        try (FileChannel channel = writable
                ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() != BYTES) {
                throw new JournalException(path, Math.min(channel.size(), BYTES), "is " + channel.size() + " bytes long, not " + BYTES);
            }
            StateFile state = new StateFile(path, channel.map(writable
                    ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY, 0, BYTES));
            int version = state.page.getInt(4);
            if (state.page.getInt(0) == MAGIC && version != VERSION) {
                throw JournalException.otherFormat(path, 4, version, VERSION);
            }
            if (state.page.getInt(0) != MAGIC || state.commitIndex() < 0 || state.commitIndexAgain() < NOT_THERE
                    || state.newestCycle() < -1 || state.newestCycle() > Integer.MAX_VALUE) {
                throw new JournalException(path, 0, "is no state of a journal: it is damaged");
            }
            return state;
        }
    }

    Path path() {
        return path;
    }

    /** All stores so far are on stable storage when this returns. */
    void force(StableStorage storage) throws IOException {
        try (ForcedFile forced = new ForcedFile(storage, path)) {
            forced.force();
        }
    }

    long commitIndex() {
        long index = (long) LONG.getAcquire(page, COMMIT_INDEX);
        long again = commitIndexAgain();
        return again == NOT_THERE ? index : Math.min(index, again);
    }

    private long commitIndexAgain() {
        return ~(long) LONG.getAcquire(page, COMMIT_INDEX_AGAIN);
    }

    void commitIndex(long index) {
        LONG.setRelease(page, COMMIT_INDEX, index);
        LONG.setRelease(page, COMMIT_INDEX_AGAIN, ~index);
    }

    /** The cycle of the newest file that was begun, -1 before the first. */
    long newestCycle() {
        return (long) LONG.getAcquire(page, NEWEST_CYCLE);
    }

    void newestCycle(long cycle) {
        LONG.setRelease(page, NEWEST_CYCLE, cycle);
    }
}
