package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
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

    private final Path path;
    private final RandomAccessFile file;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final byte[] zeros = new byte[CHUNK_BYTES];

    ForcedFile(Path path) throws IOException {
        this.path = path;
        this.file = new RandomAccessFile(path.toFile(), "rw");
    }

    Path path() {
        return path;
    }

    /** Writes zeros from one position up to another: after this a store to a mapping of them needs no new block. */
    void zero(long from, long to) throws IOException {
        file.seek(from);
        for (long at = from; at < to; ) {
            int length = (int) Math.min(CHUNK_BYTES, to - at);
            file.write(zeros, 0, length);
            at += length;
        }
    }

    /** Overwrites with zeros what is not zero between two positions. */
    void wipe(long from, long to) throws IOException {
        for (long at = from; at < to; at += CHUNK_BYTES) {
            file.seek(at);
            int read = file.read(chunk, 0, (int) Math.min(CHUNK_BYTES, to - at));
            if (read > 0 && !Arrays.equals(chunk, 0, read, zeros, 0, read)) {
                zero(at, at + read);
            }
        }
    }

    long length() throws IOException {
        return file.length();
    }

    /** fsync(2): all of the file, not only what is mapped now. As fast as fdatasync(2) here, since stores date the file. */
    void force() throws IOException {
        try {
            file.getFD().sync();
        } catch (SyncFailedException e) {
            throw new IOException("fsync of " + path + " failed", e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
