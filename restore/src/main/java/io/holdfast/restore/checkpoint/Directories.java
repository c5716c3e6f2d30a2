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
import java.nio.file.attribute.BasicFileAttributes;

/** Deleting and forcing whole directory trees, never following a link. Stateless; any thread. */
final class Directories {
    private Directories() {
    }

    /** Deletes the directory and all in it; it may be missing. */
    static void delete(Path directory) {
        if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            walk(directory, true);
        }
    }

    /** Deletes what is in the directory, but not itself: it may be a mount point. */
    static void empty(Path directory) {
        walk(directory, false);
    }

    /** Has everything in the tree, names and contents, written to the disk. */
    static void force(Path directory) {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    forceFile(file, StandardOpenOption.WRITE);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                    rethrow(failure);
                    forceFile(visited, StandardOpenOption.READ);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot force " + directory + " to the disk", e);
        }
    }

    /** Forces one directory (opened READ) or file (opened WRITE). */
    static void forceFile(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }

    private static void walk(Path top, boolean topToo) {
        try {
            Files.walkFileTree(top, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                    rethrow(failure);
                    if (topToo || !visited.equals(top)) {
                        Files.delete(visited);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + top, e);
        }
    }

    private static void rethrow(IOException failure) throws IOException {
        if (failure != null) {
            throw failure;
        }
    }
}
