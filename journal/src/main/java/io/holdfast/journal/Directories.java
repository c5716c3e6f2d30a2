package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Names made durable: forcing a file alone does not force its name (fsync(2)); any thread. */
final class Directories {
    private static final String FRESH = ".new";

    private Directories() {
    }

    /** Puts a file with this content in the place of the one before. A crash leaves either of them, whole. */
    static void replace(Path dir, String name, byte[] content) throws IOException {
        Path fresh = dir.resolve(name + FRESH);
        try (RandomAccessFile out = new RandomAccessFile(fresh.toFile(), "rw")) {
            out.setLength(0);
            out.write(content);
            out.getFD().sync();
        }
        Files.move(fresh, dir.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        force(dir);
    }

    /** An interrupt, which closes the channel, is kept for later and the call repeated. */
    static void force(Path dir) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(dir, StandardOpenOption.READ)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
