package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Shared by the journal's writer and the thread that forces, each method under the object's lock: how far the journal is
 * certainly on stable storage, and under which boot of the kernel it was written.
 *
 * <p>With it a journal that is opened after a power cut tells a torn end, which it cuts off, from rot in what had been
 * forced. It is written behind each force and mostly not forced itself, so it may understate, and never overstates. Two
 * slots take turns; what counts of each fits into one sector, which a disk writes whole or not at all.
 */
final class ForcedMark implements AutoCloseable {
    static final String FILE_NAME = "forced";
    static final int SLOT_BYTES = 4096;
    static final int SLOTS = 2;
    private static final int CONTENT_BYTES = 512;
    private static final int MAGIC = 0x48464644;
    private static final int VERSION = 1;
    private static final int BOOT_ID = 40;
    private static final int MAX_BOOT_ID_BYTES = 128;
    private static final int CRC = CONTENT_BYTES - 4;

    private static final int CLOSED = 1;
    private static final int DISK = 2;
    private static final int FORGOTTEN = 4;

    private final StableStorage storage;
    private final Path path;
    private final ByteBuffer slot = ByteBuffer.allocate(CONTENT_BYTES);
    private final CRC32C crc = new CRC32C();
    private RandomAccessFile file;
    private long sequence;
    private int flags;
    private long cycle = -1;
    private long offsetBytes;
    private String bootId;

    private ForcedMark(StableStorage storage, Path path) {
        this.storage = storage;
        this.path = path;
    }

    /** The mark in {@code dir}; not {@link #known()} when there is none. Writes nothing. */
    static ForcedMark load(StableStorage storage, Path dir) throws IOException {
        ForcedMark mark = new ForcedMark(storage, dir.resolve(FILE_NAME));
        if (Files.exists(mark.path)) {
            mark.read(Files.readAllBytes(mark.path));
        }
        return mark;
    }

    /** Of a journal that has nothing to lose yet. */
    static void create(StableStorage storage, Path dir) throws IOException {
        ForcedMark mark = new ForcedMark(storage, dir.resolve(FILE_NAME));
        mark.flags = CLOSED;
        mark.bootId = storage.bootId();
        mark.create();
    }

    private void create() throws IOException {
        encode();
        byte[] slots = new byte[SLOTS * SLOT_BYTES];
        for (int i = 0; i < SLOTS; i++) {
            System.arraycopy(slot.array(), 0, slots, i * SLOT_BYTES, CONTENT_BYTES);
        }
        storage.replace(path.toAbsolutePath().getParent(), FILE_NAME, slots);
    }

    private void read(byte[] bytes) {
        for (int at = 0; at + CONTENT_BYTES <= bytes.length; at += SLOT_BYTES) {
            ByteBuffer in = ByteBuffer.wrap(bytes, at, CONTENT_BYTES).slice();
            int bootIdBytes = in.getShort(BOOT_ID);
            if (in.getInt(0) == MAGIC && in.getShort(4) == VERSION && in.getInt(CRC) == checksum(bytes, at)
                    && bootIdBytes >= 0 && bootIdBytes <= MAX_BOOT_ID_BYTES && (bootId == null || in.getLong(8) > sequence)) {
                flags = in.getShort(6);
                sequence = in.getLong(8);
                cycle = in.getLong(16);
                offsetBytes = in.getLong(24);
                bootId = new String(bytes, at + BOOT_ID + 2, bootIdBytes, StandardCharsets.UTF_8);
            }
        }
        if (bootId == null) {
            throw new JournalException(path, 0, "no slot of it is whole: how far the journal was forced is not known any more");
        }
    }

    private int checksum(byte[] bytes, int at) {
        crc.reset();
        crc.update(bytes, at, CRC);
        return (int) crc.getValue();
    }

    synchronized boolean known() {
        return bootId != null;
    }

    /** Whether the kernel may have died while the journal was open: its end may be torn then, otherwise never. */
    synchronized boolean powerMayHaveFailed() throws IOException {
        return known() && (flags & CLOSED) == 0 && !bootId.equals(storage.bootId());
    }

    /** Whether it was closed in an orderly way, all of it forced. */
    synchronized boolean closed() {
        return (flags & CLOSED) != 0;
    }

    /** Whether entries were forced before they were acknowledged. */
    synchronized boolean acknowledgedIsForced() {
        return (flags & DISK) != 0;
    }

    /** Whether entries that were acknowledged may be gone. */
    synchronized boolean forgotten() {
        return (flags & FORGOTTEN) != 0;
    }

    /** The newest file of which anything was certainly forced, -1 for none. */
    synchronized long cycle() {
        return cycle;
    }

    /** So much of that file. */
    synchronized long offsetBytes() {
        return offsetBytes;
    }

    /** Whether what is forced for certain reaches beyond this place. */
    synchronized boolean isBeyond(long otherCycle, long otherOffsetBytes) {
        return cycle > otherCycle || cycle == otherCycle && offsetBytes > otherOffsetBytes;
    }

    /** What a journal that ends here lacks of what was forced, in words; null when nothing. */
    synchronized String lacking(long endCycle, long endOffsetBytes, long lastIndex) {
        if (!isBeyond(endCycle, endOffsetBytes)) {
            return null;
        }
        Path dir = path.toAbsolutePath().getParent();
        return "the journal ends here, with entry " + lastIndex + ", but it was on stable storage up to " + place(dir)
                + ": acknowledged entries are missing" + (cycle == endCycle
                        ? ", " + (offsetBytes - endOffsetBytes) + " bytes of records" : ", the rest of this file and later ones");
    }

    /** How far, in words. */
    synchronized String place(Path dir) {
        return cycle < 0 ? "the beginning" : CycleFiles.pathOf(dir, (int) cycle).getFileName() + " byte " + offsetBytes;
    }

    /** The journal is open from here on, under this boot; on stable storage when this returns. */
    synchronized void begin(Durability durability) throws IOException {
        boolean forgets = forgotten() || powerMayHaveFailed() && !acknowledgedIsForced();
        flags = (durability == Durability.DISK ? DISK : 0) | (forgets ? FORGOTTEN : 0);
        boolean fresh = !known();
        bootId = storage.bootId();
        if (fresh) {
            create();
        }
        file = storage.open(path);
        for (int i = 0; i < SLOTS; i++) {
            write(); // both: where one rots, the other must not tell what an earlier opening promised
        }
        force();
    }

    /** All records before this place were forced. */
    synchronized void advance(long newCycle, long newOffsetBytes) throws IOException {
        if (newCycle != cycle || newOffsetBytes != offsetBytes) {
            cycle = newCycle;
            offsetBytes = newOffsetBytes;
            if (file != null) {
                write();
            }
        }
    }

    /** The member holds again what it may have forgotten; on stable storage when this returns. */
    synchronized void remembered() throws IOException {
        if (forgotten()) {
            flags &= ~FORGOTTEN;
            write();
            force();
        }
    }

    /** The journal was forced, and nothing is appended any more; on stable storage when this returns. */
    synchronized void closeCleanly() throws IOException {
        flags |= CLOSED;
        write();
        force();
    }

    synchronized void force() throws IOException {
        if (file != null) {
            storage.force(file, path);
        }
    }

    private void write() throws IOException {
        sequence++;
        encode();
        file.seek(sequence % SLOTS * SLOT_BYTES);
        file.write(slot.array());
    }

    private void encode() {
        byte[] boot = bootId.getBytes(StandardCharsets.UTF_8);
        Arrays.fill(slot.array(), (byte) 0);
        slot.putInt(0, MAGIC).putShort(4, (short) VERSION).putShort(6, (short) flags).putLong(8, sequence)
                .putLong(16, cycle).putLong(24, offsetBytes).putShort(BOOT_ID, (short) boot.length);
        slot.put(BOOT_ID + 2, boot);
        slot.putInt(CRC, checksum(slot.array(), 0));
    }

    @Override
    public synchronized void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
