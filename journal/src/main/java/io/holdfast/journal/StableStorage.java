package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Asked by any thread: what the journal needs of a disk, so that a test can put a failing or forgetting one in its place.
 *
 * <p>Stores of records go through mapped files and not through here. Forcing a file alone does not force its name
 * (fsync(2)): that takes {@link #forceDirectory}.
 */
interface StableStorage {
    String FRESH = ".new";

    /** Opens for reading and writing; begins an empty file when there is none. */
    RandomAccessFile open(Path path) throws IOException;

    /** Writes zeros from one position up to another. */
    void zero(RandomAccessFile file, Path path, long from, long to) throws IOException;

    /**
     * Claims blocks, by writing zeros from one position up to another, at most so many bytes at once and none across a
     * multiple of that. On a thread that nobody interrupts.
     */
    void claim(RandomAccessFile file, Path path, long from, long to, int atOnceBytes) throws IOException;

    /** Whether the journal may ask for something on threads of its own; not where a test fixes the order of what happens. */
    default boolean worksBeside() {
        return true;
    }

    /** fsync(2): returns when all of the file is on stable storage. */
    void force(RandomAccessFile file, Path path) throws IOException;

    /** For {@link Part#force}; opened before anything is written that is to be forced, so that no error is missed. */
    Part part(Path path) throws IOException;

    /** A file of which parts can be forced. One thread at a time. */
    interface Part extends AutoCloseable {
        /** msync(2): what stands between two positions is on stable storage when this returns; the rest may stay behind. */
        void force(long from, long to) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Returns when all names in the directory are on stable storage. */
    void forceDirectory(Path dir) throws IOException;

    /** At one moment, in the place of what had the name. */
    void rename(Path from, Path to) throws IOException;

    /** Does nothing when there is no such file. */
    void delete(Path path) throws IOException;

    /** Another one after each start of the kernel: what was not forced under an earlier one may be lost. */
    String bootId() throws IOException;

    /** As {@link Files#createDirectories}, and the names of those made are on stable storage. */
    default void createDirectories(Path dir) throws IOException {
        List<Path> parents = new ArrayList<>();
        for (Path missing = dir.toAbsolutePath(); !Files.exists(missing); missing = missing.getParent()) {
            parents.add(missing.getParent());
        }
        Files.createDirectories(dir);
        for (Path parent : parents) {
            forceDirectory(parent);
        }
    }

    /** Puts a file with this content in the place of the one before. A crash leaves either of them, whole. */
    default void replace(Path dir, String name, byte[] content) throws IOException {
        Path fresh = dir.resolve(name + FRESH);
        try (RandomAccessFile out = open(fresh)) {
            out.setLength(0);
            out.write(content);
            force(out, fresh);
        }
        rename(fresh, dir.resolve(name));
        forceDirectory(dir);
    }
}
