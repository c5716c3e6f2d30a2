package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Copies data directories into a checkpoint and back. Stateless; any thread.
 *
 * <p>Kept: names, contents, owner, mode, time of modification of files and directories, symbolic links (as such), named
 * pipes, empty directories.
 * Not kept: hard links between files (they become files of their own), holes, extended attributes and ACLs. Sockets are
 * left out, CRIU makes them again.
 */
final class DataDirectories {
    private static final int TYPE_MASK = 0170000;
    private static final int TYPE_SOCKET = 0140000;
    private static final int TYPE_PIPE = 0010000;
    private static final int MODE_BITS = 07777;

    private DataDirectories() {
    }

    /**
     * Copies one directory. Files are not digested and nothing is forced: the workload stands still meanwhile.
     *
     * @param prefix   the directory's place in the manifest, {@code data/<n>}
     * @param target   where that is; does not exist
     * @param maxBytes more is refused
     * @return entries whose digests are still missing
     */
    static List<ManifestEntry> copy(Path source, String prefix, Path target, long maxBytes) {
        List<ManifestEntry> entries = new ArrayList<>();
        try {
            Files.walkFileTree(source, new SimpleFileVisitor<>() {
                private long leftBytes = maxBytes;

                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes basic) throws IOException {
                    Files.createDirectory(in(target, source, directory));
                    entries.add(entry(directory, ManifestEntry.Kind.DIRECTORY, null));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes basic) throws IOException {
                    if (basic.isRegularFile()) {
                        leftBytes -= copyBytes(file, in(target, source, file), leftBytes);
                        entries.add(entry(file, ManifestEntry.Kind.FILE, null));
                    } else if (basic.isSymbolicLink()) {
                        entries.add(entry(file, ManifestEntry.Kind.LINK, Files.readSymbolicLink(file).toString()));
                    } else {
                        visitSpecial(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                private void visitSpecial(Path file) throws IOException {
                    int type = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & TYPE_MASK;
                    if (type == TYPE_PIPE) {
                        entries.add(entry(file, ManifestEntry.Kind.PIPE, null));
                    } else if (type != TYPE_SOCKET) {
                        throw new IOException(file + " is a device: a data directory may not hold one");
                    }
                }

                private ManifestEntry entry(Path file, ManifestEntry.Kind kind, String linkTarget) throws IOException {
                    return describe(file, file.equals(source) ? prefix : prefix + "/" + source.relativize(file), kind, linkTarget);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy the data directory " + source, e);
        }
        return entries;
    }

    /**
     * Makes a data directory what it was at the checkpoint: what is in it now is deleted. The directory itself may be a
     * mount point and stays.
     *
     * @param entries those of this directory, itself first
     * @param stored  the checkpoint's copy
     */
    static void restore(List<ManifestEntry> entries, Path stored, Path target) {
        String prefix = entries.get(0).path();
        try {
            Files.createDirectories(target);
            Directories.empty(target);
            for (ManifestEntry entry : entries) {
                if (entry != entries.get(0)) {
                    create(entry, in(stored, prefix, entry), in(target, prefix, entry));
                }
            }
            // Children first: making an entry changes the time of the directory it is made in.
            List<ManifestEntry> reversed = new ArrayList<>(entries);
            Collections.reverse(reversed);
            for (ManifestEntry entry : reversed) {
                applyAttributes(entry, in(target, prefix, entry));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot restore the data directory " + target, e);
        }
    }

    private static ManifestEntry describe(Path file, String path, ManifestEntry.Kind kind, String linkTarget) throws IOException {
        Map<String, Object> unix = Files.readAttributes(file, "unix:mode,uid,gid,lastModifiedTime,size", LinkOption.NOFOLLOW_LINKS);
        long sizeBytes = kind == ManifestEntry.Kind.FILE ? (long) unix.get("size") : 0;
        return new ManifestEntry(path, kind, sizeBytes, null, linkTarget, (int) unix.get("mode") & MODE_BITS,
            (int) unix.get("uid"), (int) unix.get("gid"), ((FileTime) unix.get("lastModifiedTime")).to(TimeUnit.NANOSECONDS));
    }

    private static void create(ManifestEntry entry, Path stored, Path target) throws IOException {
        switch (entry.kind()) {
            case DIRECTORY -> Files.createDirectory(target);
            case FILE -> copyBytes(stored, target, Long.MAX_VALUE);
            case LINK -> Files.createSymbolicLink(target, Path.of(entry.linkTarget()));
            case PIPE -> makePipe(target);
        }
    }

    private static void applyAttributes(ManifestEntry entry, Path target) throws IOException {
        // The owner first: the kernel takes set-user-id away from a file whose owner changes (chown(2)).
        Files.setAttribute(target, "unix:uid", entry.uid(), LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(target, "unix:gid", entry.gid(), LinkOption.NOFOLLOW_LINKS);
        if (entry.kind() != ManifestEntry.Kind.LINK) {
            // Followed: told not to, Java opens the file, and of a pipe that waits for a writer. It is no link, we made it.
            Files.setAttribute(target, "unix:mode", entry.mode());
        }
        if (entry.kind() == ManifestEntry.Kind.FILE || entry.kind() == ManifestEntry.Kind.DIRECTORY) {
            Files.getFileAttributeView(target, BasicFileAttributeView.class)
                .setTimes(FileTime.from(entry.mtimeNanos(), TimeUnit.NANOSECONDS), null, null);
        }
    }

    private static long copyBytes(Path from, Path to, long maxBytes) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
             FileChannel out = FileChannel.open(to, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            long sizeBytes = in.size();
            if (sizeBytes > maxBytes) {
                throw new CheckpointTooLargeException("the data directories exceed the bound of the checkpoint at " + from
                    + " (" + sizeBytes + " bytes)");
            }
            long doneBytes = 0;
            while (doneBytes < sizeBytes) {
                long count = in.transferTo(doneBytes, sizeBytes - doneBytes, out);
                if (count <= 0) {
                    throw new IOException(from + " became shorter while it was copied");
                }
                doneBytes += count;
            }
            return sizeBytes;
        }
    }

    private static void makePipe(Path target) throws IOException {
        Process process = new ProcessBuilder("mkfifo", target.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        try {
            if (process.waitFor() != 0) {
                throw new IOException("cannot make the named pipe " + target + ": " + said.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Path in(Path target, Path source, Path file) {
        return target.resolve(source.relativize(file).toString());
    }

    private static Path in(Path directory, String prefix, ManifestEntry entry) {
        return entry.path().equals(prefix) ? directory : directory.resolve(entry.path().substring(prefix.length() + 1));
    }
}
