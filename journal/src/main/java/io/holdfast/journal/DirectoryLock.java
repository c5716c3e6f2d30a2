package io.holdfast.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What keeps a second writer out of a journal's directory. Stateless; any thread. */
final class DirectoryLock {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryLock.class);
    private static final String FILE_NAME = "lock";

    private DirectoryLock() {
    }

    static FileChannel take(Path dir) throws IOException {
        Path path = dir.resolve(FILE_NAME);
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = null;
        try {
            held = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            throw JournalException.advising(path, -1, "the journal is open in this process already", "Close it first", e);
        } finally {
            if (held == null) {
                channel.close();
            }
        }
        if (held == null) {
            throw JournalException.advising(path, -1, "the journal is open in another process", "End that one first", null);
        }
        return channel;
    }

    static void release(FileChannel lock) {
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException e) {
                LOG.warn("Cannot close the lock file of a journal", e);
            }
        }
    }
}
