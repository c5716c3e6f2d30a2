package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Assumptions;

/** A small file system of its own, mounted for one test and taken away again; needs root. */
final class TinyFileSystem implements AutoCloseable {
    private final Path dir;
    private final String loopDevice;
    private final TinyFileSystem below;

    private TinyFileSystem(Path dir, String loopDevice, TinyFileSystem below) {
        this.dir = dir;
        this.loopDevice = loopDevice;
        this.below = below;
    }

    /** A file system in memory that is full after so many bytes. */
    static TinyFileSystem full(Path dir, int bytes) throws IOException {
        Files.createDirectories(dir);
        Assumptions.assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=" + bytes, "none", dir.toString()) != null,
                "needs the right to mount a tmpfs (CAP_SYS_ADMIN)");
        return new TinyFileSystem(dir, null, null);
    }

    /** An ext4 that believes in much more room than the device below it has: writing back fails with EIO. */
    static TinyFileSystem failingWriteBack(Path dir, int bytes) throws IOException {
        TinyFileSystem memory = full(dir.resolveSibling(dir.getFileName() + "-below"), bytes);
        Path image = memory.dir.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(256L << 20);
        }
        Files.createDirectories(dir);
        String device = run("losetup", "--find", "--show", image.toString());
        boolean mounted = device != null && run("mkfs.ext4", "-q", "-O", "^has_journal", device) != null
                && run("mount", "-t", "ext4", device, dir.toString()) != null;
        if (!mounted) {
            if (device != null) {
                run("losetup", "--detach", device);
            }
            memory.close();
        }
        Assumptions.assumeTrue(mounted, "needs loop devices and mkfs.ext4");
        return new TinyFileSystem(dir, device, memory);
    }

    Path dir() {
        return dir;
    }

    /** Lazily: a mapping lives until the collector finds it. */
    @Override
    public void close() {
        run("umount", "--lazy", dir.toString());
        if (loopDevice != null) {
            run("losetup", "--detach", loopDevice);
            below.close();
        }
    }

    /** What the command printed, or null when it failed. */
    private static String run(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0 ? printed : null;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
