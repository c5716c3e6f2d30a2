package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Owned by the writer's thread: a cycle file as the file system sees it, to claim its blocks and to force it.
 *
 * <p>A {@link RandomAccessFile} and not a channel: an interrupt closes the channel its thread is in, and one that comes
 * in the middle of a force hides what the kernel said about the write-back. The descriptor stays open from before the
 * first write, so no write-back error is missed (Linux reports each error once per open descriptor).
 */
final class ForcedFile implements AutoCloseable {
    private static final int CHUNK_BYTES = 8 << 10;
    private static final byte[] ZEROS = new byte[CHUNK_BYTES];

    private final StableStorage storage;
    private final Path path;
    private final RandomAccessFile file;
    private final StableStorage.Part part;

    ForcedFile(StableStorage storage, Path path) throws IOException {
        this.storage = storage;
        this.path = path;
        this.file = storage.open(path);
        try {
            this.part = storage.part(path);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** After this a store to a mapping of what lies between two positions needs no new block. A thread that nobody interrupts. */
    void claim(long from, long to, int atOnceBytes) throws IOException {
        storage.claim(file, path, from, to, atOnceBytes);
    }

    /** Writes zeros from one position up to another. */
    private void zero(long from, long to) throws IOException {
        storage.zero(file, path, from, to);
    }

    /** Overwrites with zeros what is not zero between two positions; returns where that ended, {@code from} for nothing. */
    long wipe(long from, long to) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        long end = from;
        for (long at = from; at < to; at += CHUNK_BYTES) {
            file.seek(at);
            int read = file.read(chunk, 0, (int) Math.min(CHUNK_BYTES, to - at));
            if (read > 0 && !Arrays.equals(chunk, 0, read, ZEROS, 0, read)) {
                zero(at, at + read);
                while (chunk[read - 1] == 0) {
                    read--;
                }
                end = at + read;
            }
        }
        return end;
    }

    /** Writes one number, lowest byte first as Chronicle does. */
    void store(long position, int value) throws IOException {
        file.seek(position);
        file.writeInt(Integer.reverseBytes(value));
    }

    long length() throws IOException {
        return file.length();
    }

    /** All of the file is on stable storage when this returns. */
    void force() throws IOException {
        storage.force(file, path);
    }

    /** What stands between two positions is; the rest may stay behind. */
    void force(long from, long to) throws IOException {
        if (to > from) {
            part.force(from, to);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            part.close();
        } finally {
            file.close();
        }
    }
}
