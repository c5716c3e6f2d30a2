package io.holdfast.journal;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.core.io.IOTools;
import net.openhft.posix.MAdviseFlag;
import net.openhft.posix.PosixAPI;

/**
 * Mapped by one thread (the writer's, or the reader's that owns it), read by any: one cycle file of the queue, read-only.
 *
 * <p>Chronicle frames each document with a little-endian 32-bit header: bit 31 "not complete", bit 30 "metadata", the
 * rest the length; documents start at multiples of four (Chronicle Wire, {@code Wires} and
 * {@code AbstractWire.enterHeader}, storage format 1). Our records stand in data documents, Chronicle's own header
 * and index tables are metadata. A zero header is the end so far, {@link #END_OF_FILE} the end for good.
 *
 * <p>Absolute reads of a mapped buffer need no lock and no tailer, so every thread may read while one appends.
 */
final class CycleFile {
    static final int END_OF_FILE = 0xC0000000;
    static final int NOT_COMPLETE = 0x80000000;
    static final int METADATA = 0x40000000;
    static final int LENGTH_MASK = 0x3FFFFFFF;
    static final int HEADER_BYTES = 4;
    static final int MAX_RECORD_BYTES = StoredRecord.HEADER_BYTES + JournalOptions.MAX_COMMAND_BYTES;

    /** Where Chronicle keeps the position of the last document it finished, in the header of every cycle file. */
    static final int WRITE_POSITION_OFFSET = 0x40;
    private static final int WRITE_POSITION_NAME_OFFSET = 0x1B;
    private static final byte[] WRITE_POSITION_NAME = "\u00cdwritePosition\u008e".getBytes(StandardCharsets.ISO_8859_1);

    private static final int RETIRED = Integer.MIN_VALUE;
    private static final int WINDOW_SHIFT = 26;
    private static final long WINDOW_BYTES = 1L << WINDOW_SHIFT;
    private static final long PAGE_BYTES = 4L << 10;
    /** A record that starts in a window ends inside its mapping. */
    private static final long OVERLAP_BYTES = 2L * JournalOptions.MAX_COMMAND_BYTES;

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final int cycle;
    /** Threads reading at this moment; far below zero once retired. */
    private final AtomicInteger readers = new AtomicInteger();
    private final AtomicBoolean unmapped = new AtomicBoolean();
    private volatile ByteBuffer[] windows = new ByteBuffer[0];
    private FileStart start;
    private volatile long endBytes;
    private boolean searched;
    /** What the kernel was asked for last. */
    private long aheadFrom;
    private long aheadTo;

    CycleFile(Path path, int cycle) {
        this.path = path;
        this.cycle = cycle;
    }

    Path path() {
        return path;
    }

    int cycle() {
        return cycle;
    }

    /** What held before the first record, null while there is none. Mapping thread. */
    FileStart start() {
        return start;
    }

    /** Mapping thread, at each record; the first one counts. */
    void start(int chain, long index, long term) {
        if (start == null) {
            start = new FileStart(cycle, chain, index, term);
        }
    }

    /** How far the file has records, as far as it is known. Any thread. */
    long endBytes() {
        return endBytes;
    }

    void endBytes(long end) {
        endBytes = end;
    }

    /** The header of the document at this position; 0 also where the file ends. Mapping thread. */
    int header(long position) {
        if (!map(position, HEADER_BYTES)) {
            return 0;
        }
        return (int) INT.getAcquire(windows[(int) (position >>> WINDOW_SHIFT)], (int) (position & WINDOW_BYTES - 1));
    }

    /** The little-endian number at this position; 0 also where the file ends. Mapping thread. */
    long word(long position) {
        if (position < 0 || !map(position, Long.BYTES)) {
            return 0;
        }
        return (long) LONG.get(windows[(int) (position >>> WINDOW_SHIFT)], (int) (position & WINDOW_BYTES - 1));
    }

    /** The position of the last document Chronicle finished here, 0 when there is none yet. Mapping thread. */
    long writePosition() {
        if (!map(0, WRITE_POSITION_OFFSET + Long.BYTES)) {
            return 0;
        }
        ByteBuffer first = windows[0];
        for (int i = 0; i < WRITE_POSITION_NAME.length; i++) {
            if (first.get(WRITE_POSITION_NAME_OFFSET + i) != WRITE_POSITION_NAME[i]) {
                throw new JournalException(path, WRITE_POSITION_NAME_OFFSET, "the header of the cycle file has an unknown form");
            }
        }
        return (long) LONG.getAcquire(first, WRITE_POSITION_OFFSET);
    }

    static long next(long position, int header) {
        return position + HEADER_BYTES + (header & LENGTH_MASK) + 3 & ~3L;
    }

    /**
     * Makes these bytes readable by every thread; false when the file ends before them. Mapping thread: the others must
     * never map, since an interrupted thread closes the channel it maps with.
     */
    boolean map(long position, long length) {
        int window = (int) (position >>> WINDOW_SHIFT);
        long end = (position & WINDOW_BYTES - 1) + length;
        // A record behind the first of its document may start in the next window, and is looked for there.
        return isMapped(window, end) && (end <= WINDOW_BYTES || isMapped(window + 1, end - WINDOW_BYTES));
    }

    private boolean isMapped(int window, long end) {
        ByteBuffer[] now = windows;
        if (window < now.length && now[window] != null && end <= now[window].capacity()) {
            return true;
        }
        return mapWindow(window, end);
    }

    private boolean mapWindow(int window, long end) {
        boolean interrupted = Thread.interrupted();
        long base = (long) window << WINDOW_SHIFT;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = Math.min(channel.size() - base, WINDOW_BYTES + OVERLAP_BYTES);
            if (length < end) {
                return false;
            }
            ByteBuffer[] grown = Arrays.copyOf(windows, Math.max(windows.length, window + 1));
            grown[window] = channel.map(FileChannel.MapMode.READ_ONLY, base, length);
            if (searched) {
                advise(grown[window], 0, length, MAdviseFlag.MADV_RANDOM);
            }
            windows = grown;
            return true;
        } catch (IOException e) {
            throw new JournalException(path, base, "cannot map the cycle file: " + e, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * From now on a fault brings in its own page alone: whoever searches needs one here and one there, and what the kernel
     * would read around each is most of what such a search reads. Mapping thread, before anything is mapped.
     */
    void isSearched() {
        searched = true;
    }

    /**
     * Has the kernel read so many bytes from here on without waiting for them, if the file is searched and they are mapped;
     * asked again for what was asked for, it does nothing until half of it is behind. Mapping thread.
     */
    void readAhead(long position, long bytes) {
        boolean inside = position >= aheadFrom && position <= aheadTo;
        if (!searched || inside && position + bytes / 2 < aheadTo) {
            return;
        }
        int window = (int) (position >>> WINDOW_SHIFT);
        ByteBuffer mapped = window < windows.length ? windows[window] : null;
        if (mapped == null) {
            return;
        }
        long base = (long) window << WINDOW_SHIFT;
        long from = Math.max(base, inside ? aheadTo : position) & -PAGE_BYTES;
        long to = Math.min(position + bytes, base + mapped.capacity());
        if (to > from) {
            advise(mapped, from - base, to - from, MAdviseFlag.MADV_WILLNEED);
        }
        aheadFrom = position;
        aheadTo = Math.max(to, position);
    }

    /** Advice: where the kernel does not take it, reading is slower and nothing else. */
    private static void advise(ByteBuffer mapped, long offset, long bytes, MAdviseFlag advice) {
        PosixAPI.posix().madvise(Jvm.address(mapped) + offset, bytes, advice);
    }

    /**
     * Copies a record out and checks it against its checksum. Any thread; the bytes are mapped.
     *
     * @param limit the record ends before so many bytes
     * @return the length of the record, 0 when the file was dropped
     */
    int read(long position, long limit, JournalEntry into) {
        if (readers.getAndIncrement() < 0) {
            leave();
            return 0;
        }
        try {
            return copy(position, limit, into);
        } finally {
            leave();
        }
    }

    /** The same for the thread that alone retires the file: no other can take it away meanwhile. */
    int readByOwner(long position, JournalEntry into) {
        return readers.get() < 0 ? 0 : copy(position, Long.MAX_VALUE, into);
    }

    /**
     * The same for an entry so many records behind this one, where nothing else stands between.
     *
     * @return where the record behind it starts, if nothing else comes there; 0 when the file was dropped
     */
    long readOn(long position, long records, long index, JournalEntry into) {
        if (readers.getAndIncrement() < 0) {
            leave();
            return 0;
        }
        try {
            long at = position;
            for (long left = records; left > 0; left--) {
                at = behind(at);
            }
            long next = behind(at);
            copy(at, Long.MAX_VALUE, into);
            if (into.index() != index) {
                throw new JournalException(path, at, "entry " + into.index() + " stands where entry " + index + " should");
            }
            return next;
        } finally {
            leave();
        }
    }

    private long behind(long position) {
        int length = mapped(position).getInt((int) (position & WINDOW_BYTES - 1) + StoredRecord.LENGTH);
        return RecordWalk.afterGap(position + StoredRecord.HEADER_BYTES + (length & 0xFFFFFFFFL));
    }

    /** Where a record's header can be read. A reader that a cut overtakes may come to a place that holds none. */
    private ByteBuffer mapped(long position) {
        ByteBuffer[] now = windows;
        int window = (int) (position >>> WINDOW_SHIFT);
        ByteBuffer found = window < now.length ? now[window] : null;
        if (found == null || (position & WINDOW_BYTES - 1) + StoredRecord.HEADER_BYTES > found.capacity()) {
            throw new JournalException(path, position, "no record here");
        }
        return found;
    }

    private int copy(long position, long limit, JournalEntry into) {
        String problem = examine(position, limit, into);
        if (problem != null) {
            throw new JournalException(path, position, problem);
        }
        return StoredRecord.HEADER_BYTES + into.commandLength();
    }

    /** As {@link #read}, but says what is wrong; null when nothing is. Mapping thread; the bytes are mapped. */
    String examine(long position, long limit, JournalEntry into) {
        ByteBuffer window = windows[(int) (position >>> WINDOW_SHIFT)];
        int at = (int) (position & WINDOW_BYTES - 1);
        long most = Math.min(limit, window.capacity() - at);
        if (most < StoredRecord.HEADER_BYTES) {
            return "no room for a record here";
        }
        long length = StoredRecord.HEADER_BYTES + (window.getInt(at + StoredRecord.LENGTH) & 0xFFFFFFFFL);
        if (length > Math.min(most, MAX_RECORD_BYTES)) {
            return "no record here: it would be " + length + " bytes long";
        }
        window.get(at, into.bufferFor((int) length), 0, (int) length);
        return into.filled((int) length);
    }

    /**
     * The file is no longer read; its mappings go as soon as the last reader has left, since a deleted file keeps its
     * blocks as long as it is mapped. Any thread, once the mapping one has let go of it.
     */
    void retire() {
        readers.addAndGet(RETIRED);
        unmapIfLeft();
    }

    private void leave() {
        if (readers.decrementAndGet() < 0) {
            unmapIfLeft();
        }
    }

    private void unmapIfLeft() {
        if (readers.get() == RETIRED && unmapped.compareAndSet(false, true)) {
            for (ByteBuffer window : windows) {
                if (window != null) {
                    IOTools.clean(window);
                }
            }
        }
    }
}
