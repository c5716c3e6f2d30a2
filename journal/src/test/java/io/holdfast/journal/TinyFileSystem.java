package io.holdfast.journal;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Assumptions;

/** A small file system of its own, mounted for one test and taken away again; needs root. */
public final class TinyFileSystem implements AutoCloseable {
    private final Path dir;
    private final String loopDevice;
    private final TinyFileSystem below;
    private boolean hangs;

    private TinyFileSystem(Path dir, String loopDevice, TinyFileSystem below) {
        this.dir = dir;
        this.loopDevice = loopDevice;
        this.below = below;
    }

    /** A file system in memory that is full after so many bytes. */
    public static TinyFileSystem full(Path dir, int bytes) throws IOException {
        Files.createDirectories(dir);
        Assumptions.assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=" + bytes, "none", dir.toString()) != null,
                "needs the right to mount a tmpfs (CAP_SYS_ADMIN)");
        return new TinyFileSystem(dir, null, null);
    }

    /** An ext4 that believes in much more room than the device below it has: writing back fails with EIO. */
    public static TinyFileSystem failingWriteBack(Path dir, int bytes) throws IOException {
        return ext4(dir, bytes, 256L << 20, "^has_journal");
    }

    /** An ext4 that {@link #becomeReadOnly()} when told to, as one does where its device fails. */
    public static TinyFileSystem sound(Path dir, int bytes) throws IOException {
        return ext4(dir, bytes, bytes * 3L / 4, "has_journal");
    }

    /** An ext4 whose device can {@link #hang()}: it lies in a file of another one. */
    public static TinyFileSystem hanging(Path dir, int bytes) throws IOException {
        return ext4(dir, sound(dir.resolveSibling(dir.getFileName() + "-device"), 2 * bytes), bytes, "^has_journal");
    }

    private static TinyFileSystem ext4(Path dir, int bytesBelow, long bytes, String feature) throws IOException {
        return ext4(dir, full(dir.resolveSibling(dir.getFileName() + "-below"), bytesBelow), bytes, feature);
    }

    private static TinyFileSystem ext4(Path dir, TinyFileSystem below, long bytes, String feature) throws IOException {
        Path image = below.dir.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        TinyFileSystem made = ext4(dir, image, feature, below);
        if (made == null) {
            below.close();
        }
        Assumptions.assumeTrue(made != null, "needs loop devices and mkfs.ext4");
        return made;
    }

    /** Null when it cannot be had. It is made first, unless {@code feature} is null. */
    private static TinyFileSystem ext4(Path dir, Path image, String feature, TinyFileSystem below) throws IOException {
        Files.createDirectories(dir);
        String device = run("losetup", "--find", "--show", image.toString());
        if (device == null) {
            return null;
        }
        boolean made = feature == null || run("mkfs.ext4", "-q", "-O", feature, device) != null;
        if (!made || run("mount", "-t", "ext4", "-o", "errors=remount-ro", device, dir.toString()) == null) {
            run("losetup", "--detach", device);
            return null;
        }
        return new TinyFileSystem(dir, device, below);
    }

    public Path dir() {
        return dir;
    }

    /** To be mounted elsewhere too; null of a file system in memory. */
    public String device() {
        return loopDevice;
    }

    /**
     * What ext4 does after an error on the device, whatever is open (ext4(5), errors=remount-ro): write(2) and fsync(2) fail
     * from here on, and stores to mapped pages go no further than those pages.
     */
    public void becomeReadOnly() {
        if (run("mount", "-o", "remount,abort", dir.toString()) == null) {
            throw new IllegalStateException(dir + " cannot be made read-only");
        }
    }

    /**
     * Where write-back fails it does so at once from here on, also of blocks that were written before. What the kernel has in
     * memory can still be read.
     */
    public void failNow() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
            long length = file.length();
            file.setLength(0);
            file.setLength(length);
        }
        byte[] block = new byte[4096];
        try (OutputStream ballast = Files.newOutputStream(below.dir.resolve("ballast"))) {
            while (true) {
                ballast.write(block);
            }
        } catch (IOException full) {
            if (!full.getMessage().contains("No space left")) {
                throw full;
            }
        }
    }

    /** From here on the device takes nothing and says nothing, so a force does not end, until {@link #goOn()}. */
    public void hang() {
        if (run("fsfreeze", "--freeze", below.dir.toString()) == null) {
            throw new IllegalStateException(below.dir + " cannot be frozen");
        }
        hangs = true;
    }

    public void goOn() {
        if (run("fsfreeze", "--unfreeze", below.dir.toString()) == null) {
            throw new IllegalStateException(below.dir + " cannot be thawed");
        }
        hangs = false;
    }

    /** Another one, of what has come to the device by now, as after a power cut. Take it away before this one. */
    public TinyFileSystem afterAPowerCut() throws IOException {
        Path image = Files.copy(image(), below.dir.resolve("image-after"));
        TinyFileSystem after = ext4(dir.resolveSibling(dir.getFileName() + "-after"), image, null, null);
        if (after == null) {
            throw new IllegalStateException("what is on the device cannot be mounted");
        }
        return after;
    }

    private Path image() {
        return below.dir.resolve("image");
    }

    /** Lazily: a mapping lives until the collector finds it. */
    @Override
    public void close() {
        if (hangs) {
            goOn();
        }
        run("umount", "--lazy", dir.toString());
        if (loopDevice != null) {
            run("losetup", "--detach", loopDevice);
        }
        if (below != null) {
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
