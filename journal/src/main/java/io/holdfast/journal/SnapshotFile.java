package io.holdfast.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** The stored form of a snapshot: a header of 36 bytes, then its bytes. Stateless; the journal's writer. */
final class SnapshotFile {
    static final String PREFIX = "snapshot-";
    private static final int MAGIC = 0x48465353;
    private static final int VERSION = 2;
    private static final int HEADER_BYTES = 36;
    private static final int CRC = 32;

    private SnapshotFile() {
    }

    static Path path(Path dir, long index) {
        return dir.resolve(PREFIX + index);
    }

    /** Forced when this returns; no part of the journal until a floor names it. */
    static void store(StableStorage storage, Path dir, Snapshot snapshot) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(Math.addExact(HEADER_BYTES, snapshot.bytes().length));
        content.putInt(MAGIC).putInt(VERSION).putLong(snapshot.index()).putLong(snapshot.term())
                .putLong(snapshot.bytes().length).putInt(0).put(snapshot.bytes());
        content.putInt(CRC, crc(content.array()));
        storage.replace(dir, PREFIX + snapshot.index(), content.array());
    }

    /** The snapshot the floor names, or null when it names none. */
    static Snapshot load(Path dir, Floor floor) {
        if (floor.snapshot() == 0) {
            return null;
        }
        Path path = path(dir, floor.snapshot());
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw new JournalException(path, -1, "is missing, but the journal begins behind it", e);
        } catch (IOException e) {
            throw new JournalException(path, -1, "cannot be read: " + e, e);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < HEADER_BYTES || in.getInt(0) != MAGIC || in.getInt(4) != VERSION
                || in.getLong(24) != bytes.length - HEADER_BYTES || in.getInt(CRC) != crc(bytes)
                || in.getLong(8) != floor.snapshot() || in.getLong(16) != floor.snapshotTerm()) {
            throw new JournalException(path, 0, "the snapshot is damaged");
        }
        return new Snapshot(floor.snapshot(), floor.snapshotTerm(), Arrays.copyOfRange(bytes, HEADER_BYTES, bytes.length));
    }

    /** Removes what no floor names: older snapshots, and what a crash left half done. */
    static void removeOthers(StableStorage storage, Path dir, long index) throws IOException {
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(dir, PREFIX + "*")) {
            for (Path path : paths) {
                if (!path.equals(path(dir, index))) {
                    storage.delete(path);
                }
            }
        }
    }

    /** Of all but the place of the value itself. */
    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CRC);
        crc.update(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
        return (int) crc.getValue();
    }
}
