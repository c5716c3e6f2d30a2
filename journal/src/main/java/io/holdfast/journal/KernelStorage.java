package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The file system of the running kernel. Stateless; any thread. */
final class KernelStorage implements StableStorage {
    static final KernelStorage INSTANCE = new KernelStorage();
    /** random(4). The same in all containers of a machine, as the page cache is. */
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final byte[] ZEROS = new byte[8 << 10];
    private static final ByteBuffer MANY_ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

    private KernelStorage() {
    }

    @Override
    public RandomAccessFile open(Path path) throws IOException {
        return new RandomAccessFile(path.toFile(), "rw");
    }

    @Override
    public void zero(RandomAccessFile file, Path path, long from, long to) throws IOException {
        file.seek(from);
        for (long at = from; at < to; ) {
            int length = (int) Math.min(ZEROS.length, to - at);
            file.write(ZEROS, 0, length);
            at += length;
        }
    }

    @Override
    public void claim(RandomAccessFile file, Path path, long from, long to, int atOnceBytes) throws IOException {
        FileChannel channel = file.getChannel();
        ByteBuffer zeros = MANY_ZEROS.duplicate();
        for (long at = from; at < to; ) {
            long end = Math.min(to, (at / atOnceBytes + 1) * atOnceBytes);
            zeros.clear().limit((int) Math.min(zeros.capacity(), end - at));
            at += channel.write(zeros, at);
        }
    }

    /** All of the file, not only what is mapped now. As fast as fdatasync(2) here, since stores date the file. */
    @Override
    public void force(RandomAccessFile file, Path path) throws IOException {
        try {
            file.getFD().sync();
        } catch (SyncFailedException e) {
            throw new IOException("fsync of " + path + " failed", e);
        }
    }

    @Override
    public Part part(Path path) throws IOException {
        return new MappedPart(path);
    }

    /** An interrupt, which closes the channel, is kept for later and the call repeated. */
    @Override
    public void forceDirectory(Path dir) throws IOException {
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

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public String bootId() throws IOException {
        return Files.readString(BOOT_ID).strip();
    }
}
