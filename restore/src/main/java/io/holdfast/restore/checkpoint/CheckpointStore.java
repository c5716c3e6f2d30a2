package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The checkpoints a node holds of one service: {@code <directory>/<markIndex>/{image/, data/<n>/, manifest.json}}. Keeps
 * no state but the directory, in which it must be alone; any thread may call it, one at a time may delete.
 *
 * <p>A checkpoint appears by one rename, complete and forced to the disk, or not at all. Whether it may be used is not
 * known here: the caller brings the digest of the manifest that was committed (I8).
 */
public final class CheckpointStore {
    static final String MANIFEST = "manifest.json";
    private static final String UNFINISHED_PREFIX = ".unfinished-";

    private final Path directory;
    private final long maxBytes;

    private CheckpointStore(Path directory, long maxBytes) {
        this.directory = directory;
        this.maxBytes = maxBytes;
    }

    /**
     * Opens the store, and deletes what was never finished in it.
     *
     * @param maxBytes bound of one checkpoint, image and data together (I9)
     */
    public static CheckpointStore open(Path directory, long maxBytes) {
        if (maxBytes <= 0) {
            throw new IllegalArgumentException("maxBytes is " + maxBytes);
        }
        try {
            Files.createDirectories(directory);
            try (Stream<Path> found = Files.list(directory)) {
                found.filter(path -> path.getFileName().toString().startsWith(UNFINISHED_PREFIX)).toList()
                    .forEach(Directories::delete);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the checkpoints in " + directory, e);
        }
        return new CheckpointStore(directory.toAbsolutePath(), maxBytes);
    }

    /** Opens somebody's store to read in it, perhaps while they use it; nothing is written, not even by opening. */
    public static CheckpointStore readOnly(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new CheckpointDamagedException("there are no checkpoints in " + directory + ": no such directory");
        }
        return new CheckpointStore(directory.toAbsolutePath(), Long.MAX_VALUE);
    }

    public long maxBytes() {
        return maxBytes;
    }

    /** Begins a checkpoint of the workload on this node. */
    public CheckpointDraft draft() {
        return new CheckpointDraft(this, newUnfinished());
    }

    /**
     * Begins to take over a checkpoint from another node.
     *
     * @param manifestJson    as the other node sent it; trusted in nothing
     * @param committedDigest what the group committed
     */
    public CheckpointImport beginImport(byte[] manifestJson, String committedDigest) {
        Manifest manifest = committed(manifestJson, committedDigest);
        requireBound(manifest.totalBytes());
        return new CheckpointImport(this, newUnfinished(), manifest, manifestJson);
    }

    /** Mark indexes of the checkpoints that are here whole, oldest first. */
    public List<Long> list() {
        try (Stream<Path> found = Files.list(directory)) {
            return found.map(path -> path.getFileName().toString()).filter(name -> name.matches("[1-9][0-9]{0,18}"))
                .map(Long::valueOf).filter(index -> Files.exists(manifestFile(index))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + directory, e);
        }
    }

    /**
     * The newest checkpoint that is both here and committed.
     *
     * @param committed mark index to digest of the manifest
     */
    public Optional<Long> newestHeld(Map<Long, String> committed) {
        List<Long> held = list();
        for (int i = held.size() - 1; i >= 0; i--) {
            String digest = committed.get(held.get(i));
            if (digest != null && digest.equals(manifestDigest(held.get(i)))) {
                return Optional.of(held.get(i));
            }
        }
        return Optional.empty();
    }

    public byte[] manifestJson(long markIndex) {
        try {
            return Files.readAllBytes(manifestFile(markIndex));
        } catch (NoSuchFileException e) {
            throw new CheckpointDamagedException("there is no checkpoint " + markIndex + " in " + directory, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + manifestFile(markIndex), e);
        }
    }

    /** SHA-256 of the manifest as it lies here, in hexadecimal: what is proposed to the group as ready. */
    public String manifestDigest(long markIndex) {
        return Digests.of(manifestJson(markIndex));
    }

    /**
     * Reads the whole checkpoint and compares it with what was committed.
     *
     * @throws CheckpointDamagedException naming what differs (I8)
     */
    public VerifiedCheckpoint verify(long markIndex, String committedDigest) {
        Manifest manifest = committed(manifestJson(markIndex), committedDigest);
        if (manifest.markIndex() != markIndex) {
            throw new CheckpointDamagedException("checkpoint " + markIndex + " is one of mark " + manifest.markIndex());
        }
        return VerifiedCheckpoint.read(directory.resolve(Long.toString(markIndex)), manifest, committedDigest);
    }

    /** Opens one file of a checkpoint to send it to another node. */
    public FileChannel openFile(long markIndex, String path) throws IOException {
        Manifest manifest = Manifest.fromJson(manifestJson(markIndex));
        if (manifest.entries().stream().noneMatch(e -> e.kind() == ManifestEntry.Kind.FILE && e.path().equals(path))) {
            throw new NoSuchFileException(path, null, "not a file of checkpoint " + markIndex);
        }
        return FileChannel.open(directory.resolve(Long.toString(markIndex)).resolve(path), StandardOpenOption.READ,
            LinkOption.NOFOLLOW_LINKS);
    }

    /** Deletes all but the newest {@code keep} checkpoints and those of {@code needed}; returns what was deleted. */
    public List<Long> prune(int keep, Set<Long> needed) {
        if (keep < 0) {
            throw new IllegalArgumentException("keep is " + keep);
        }
        List<Long> held = list();
        List<Long> deleted = held.subList(0, Math.max(0, held.size() - keep)).stream().filter(i -> !needed.contains(i)).toList();
        deleted.forEach(this::delete);
        return deleted;
    }

    /** Deletes one checkpoint, if it is here. Gone from the list at once, whatever happens while its files are deleted. */
    public void delete(long markIndex) {
        Path top = directory.resolve(Long.toString(markIndex));
        if (!Files.exists(top)) {
            return;
        }
        Path doomed = newUnfinished().resolve(Long.toString(markIndex));
        try {
            Files.move(top, doomed, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete checkpoint " + markIndex, e);
        }
        Directories.delete(doomed.getParent());
    }

    /** Writes the manifest into an otherwise complete directory, forces all of it and gives it its name. */
    VerifiedCheckpoint publish(Path unfinished, Manifest manifest, byte[] manifestJson) {
        Path target = directory.resolve(Long.toString(manifest.markIndex()));
        try {
            Files.write(unfinished.resolve(MANIFEST), manifestJson);
            Directories.force(unfinished);
            delete(manifest.markIndex());
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
            Directories.forceFile(directory, StandardOpenOption.READ);
            return VerifiedCheckpoint.written(target, manifest, manifestJson);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep checkpoint " + manifest.markIndex(), e);
        }
    }

    void requireBound(long bytes) {
        if (bytes > maxBytes) {
            throw new CheckpointTooLargeException("the checkpoint has " + bytes + " bytes, the bound is " + maxBytes);
        }
    }

    private static Manifest committed(byte[] manifestJson, String committedDigest) {
        String digest = Digests.of(manifestJson);
        if (!digest.equals(committedDigest)) {
            throw new CheckpointDamagedException("the manifest has digest " + digest + ", committed was " + committedDigest);
        }
        return Manifest.fromJson(manifestJson);
    }

    private Path manifestFile(long markIndex) {
        return directory.resolve(Long.toString(markIndex)).resolve(MANIFEST);
    }

    private Path newUnfinished() {
        try {
            return Files.createTempDirectory(directory, UNFINISHED_PREFIX);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a directory in " + directory, e);
        }
    }
}
