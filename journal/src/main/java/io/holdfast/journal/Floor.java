package io.holdfast.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * What a journal begins with: the last entry dropped, the file to read from, and the snapshot that covers the rest.
 * Immutable.
 *
 * <p>Kept in one file that is replaced as a whole. So saving a snapshot, dropping a prefix and installing a snapshot each
 * have one point at which they happen: the rename of this file.
 *
 * @param index        last entry that is no longer part of the journal, 0 for none
 * @param term         its term
 * @param start        the oldest file still needed
 * @param restarted    the oldest file begins behind an installed snapshot, with a {@link EntryKind#RESTART} record
 * @param snapshot     last entry the stored snapshot covers, 0 when there is no snapshot
 * @param snapshotTerm its term
 */
record Floor(long index, long term, FileStart start, boolean restarted, long snapshot, long snapshotTerm) {
    static final String FILE_NAME = "floor";
    static final Floor NONE = new Floor(0, 0, new FileStart(0, 0, 0, 0), false, 0, 0);
    static final int BYTES = 4096;
    static final int VERSION = 2;
    private static final int MAGIC = 0x4846464c;
    private static final int CRC = BYTES - 4;

    Floor withSnapshot(long covered, long coveredTerm) {
        return new Floor(index, term, start, restarted, covered, coveredTerm);
    }

    /** Everything before the snapshot's end is dropped, and the next file begins behind it. */
    Floor begunAnewBehindSnapshot(int cycle, int chain) {
        return new Floor(snapshot, snapshotTerm, new FileStart(cycle, chain, snapshot, snapshotTerm), true, snapshot, snapshotTerm);
    }

    /** Forced when this returns: the file holds all of it, or, when it throws, all of the one before. */
    void store(StableStorage storage, Path dir) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(BYTES);
        content.putInt(MAGIC).putInt(VERSION).putLong(index).putLong(term).putInt(start.cycle()).putInt(start.chain())
                .putLong(start.index()).putLong(start.term()).putInt(restarted ? 1 : 0).putInt(0)
                .putLong(snapshot).putLong(snapshotTerm);
        content.putInt(CRC, crc(content.array()));
        storage.replace(dir, FILE_NAME, content.array());
    }

    /** The floor of the journal in {@code dir}, null when the directory has none (an archive, or no journal yet). */
    static Floor load(Path dir) {
        Path path = dir.resolve(FILE_NAME);
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new JournalException(path, -1, "cannot be read: " + e, e);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length != BYTES || in.getInt(0) != MAGIC || in.getInt(CRC) != crc(bytes)) {
            throw new JournalException(path, 0, "is damaged: where the journal begins is not known any more");
        }
        if (in.getInt(4) != VERSION) {
            throw JournalException.otherFormat(path, 4, in.getInt(4), VERSION);
        }
        in.position(8);
        return new Floor(in.getLong(), in.getLong(), new FileStart(in.getInt(), in.getInt(), in.getLong(), in.getLong()),
                (in.getLong() >>> 32) == 1, in.getLong(), in.getLong());
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CRC);
        return (int) crc.getValue();
    }
}
