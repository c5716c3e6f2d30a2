package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Path;

import net.openhft.posix.MSyncFlag;
import net.openhft.posix.OpenFlag;
import net.openhft.posix.PosixAPI;

/**
 * Used by one thread at a time: a mapping of a file that nobody can read or write through, made for msync(2), which is the one
 * call that forces a part of a file.
 *
 * <p>The kernel writes the pages of the part back, waits for them, and makes the file system and the disk keep them, as
 * fdatasync(2) does for all of a file (mm/msync.c, {@code vfs_fsync_range}); it tells errors of any write-back of the file. It
 * does <em>nothing</em> where the file was opened for reading only: such a mapping counts as private, whatever was asked for
 * (mm/mmap.c, {@code do_mmap}). So the mapping is made here, of a descriptor of its own.
 */
final class MappedPart implements StableStorage.Part {
    private static final int NO_ACCESS = 0;
    private static final int SHARED = 1;
    private static final long PAGE_BYTES = 4L << 10;
    /** May reach beyond the end of the file, as it grows. */
    private static final long FIRST_BYTES = 512L << 20;

    private final Path path;
    private long address;
    private long bytes;

    MappedPart(Path path) throws IOException {
        this.path = path;
        map(FIRST_BYTES);
    }

    private void map(long length) throws IOException {
        PosixAPI posix = PosixAPI.posix();
        int file = posix.open(path.toString(), OpenFlag.O_RDWR, 0);
        if (file < 0) {
            throw failed("open");
        }
        try {
            address = posix.mmap(0, length, NO_ACCESS, SHARED, file, 0);
            bytes = length;
        } catch (RuntimeException e) {
            throw new IOException("mmap of " + path + " failed: " + e.getMessage(), e);
        } finally {
            posix.close(file);
        }
    }

    @Override
    public void force(long from, long to) throws IOException {
        if (to > bytes) {
            long longer = Math.max(to, bytes * 2);
            close();
            map(longer);
        }
        long first = from & -PAGE_BYTES;
        if (PosixAPI.posix().msync(address + first, to - first, MSyncFlag.MS_SYNC) != 0) {
            throw failed("msync");
        }
    }

    private IOException failed(String call) {
        PosixAPI posix = PosixAPI.posix();
        int errno = posix.lastError();
        return new IOException(call + " of " + path + " failed: " + posix.strerror(errno) + " (errno " + errno + ")");
    }

    @Override
    public void close() throws IOException {
        if (bytes > 0 && PosixAPI.posix().munmap(address, bytes) != 0) {
            throw failed("munmap");
        }
        bytes = 0;
    }
}
