package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint every byte of which was compared with its manifest; only such a one can be used (I8). Immutable.
 *
 * <p>Comparing 200 MB takes 150 ms, so it is done when a checkpoint is made or arrives, not when a takeover waits for it;
 * then {@link #isUntouched} tells whether somebody has written to it since.
 */
public final class VerifiedCheckpoint {
    private static final String STAMP = "unix:ino,size,ctime,lastModifiedTime,isRegularFile";

    private final Path directory;
    private final Manifest manifest;
    private final String manifestDigest;
    private final Map<String, Map<String, Object>> stamps;

    private VerifiedCheckpoint(Path directory, Manifest manifest, String manifestDigest, Map<String, Map<String, Object>> stamps) {
        this.directory = directory;
        this.manifest = manifest;
        this.manifestDigest = manifestDigest;
        this.stamps = stamps;
    }

    /** Of a checkpoint whose files were digested while they were written. */
    static VerifiedCheckpoint written(Path directory, Manifest manifest, byte[] manifestJson) {
        return new VerifiedCheckpoint(directory, manifest, Digests.of(manifestJson), stamps(directory, manifest));
    }

    /** Reads all of the checkpoint. */
    static VerifiedCheckpoint read(Path directory, Manifest manifest, String manifestDigest) {
        // Taken before the files are read: what is written to them from now on is seen.
        Map<String, Map<String, Object>> stamps = stamps(directory, manifest);
        for (ManifestEntry entry : manifest.entries()) {
            if (entry.kind() == ManifestEntry.Kind.FILE) {
                compare(directory, manifest, entry);
            }
        }
        requireNoOtherFiles(directory, manifest);
        return new VerifiedCheckpoint(directory, manifest, manifestDigest, stamps);
    }

    public Manifest manifest() {
        return manifest;
    }

    public long markIndex() {
        return manifest.markIndex();
    }

    /** SHA-256 of the manifest, in hexadecimal: what the group commits as ready. */
    public String manifestDigest() {
        return manifestDigest;
    }

    /** Where CRIU finds the image. */
    public Path imageDirectory() {
        return directory.resolve(Manifest.IMAGE);
    }

    /** False when a file was written to, replaced or added since all were compared. Reads no contents. */
    public boolean isUntouched() {
        try {
            requireNoOtherFiles(directory, manifest);
            return stamps.equals(stamps(directory, manifest));
        } catch (CheckpointDamagedException e) {
            return false;
        }
    }

    /**
     * Makes the data directories what they were at the mark; what is in them now is deleted.
     *
     * @param dataDirectories in the order in which they were copied
     */
    public void restoreDataDirectories(List<Path> dataDirectories) {
        if (manifest.dataDirectoryCount() != dataDirectories.size()) {
            throw new IllegalArgumentException("checkpoint " + markIndex() + " holds " + manifest.dataDirectoryCount()
                + " data directories, not " + dataDirectories.size());
        }
        for (int i = 0; i < dataDirectories.size(); i++) {
            String prefix = Manifest.DATA + "/" + i;
            List<ManifestEntry> entries = new ArrayList<>(manifest.entries());
            entries.removeIf(entry -> !entry.path().equals(prefix) && !entry.path().startsWith(prefix + "/"));
            DataDirectories.restore(entries, directory.resolve(prefix), dataDirectories.get(i));
        }
    }

    private static Map<String, Map<String, Object>> stamps(Path directory, Manifest manifest) {
        Map<String, Map<String, Object>> stamps = new HashMap<>();
        for (ManifestEntry entry : manifest.entries()) {
            if (entry.kind() == ManifestEntry.Kind.FILE) {
                try {
                    stamps.put(entry.path(), Files.readAttributes(directory.resolve(entry.path()), STAMP, LinkOption.NOFOLLOW_LINKS));
                } catch (NoSuchFileException e) {
                    throw damaged(manifest, entry.path() + " is missing");
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot look at " + directory.resolve(entry.path()), e);
                }
            }
        }
        return stamps;
    }

    private static void compare(Path directory, Manifest manifest, ManifestEntry entry) {
        Path file = directory.resolve(entry.path());
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw damaged(manifest, entry.path() + " is not a file");
            }
            if (Files.size(file) != entry.sizeBytes()) {
                throw damaged(manifest, entry.path() + " has " + Files.size(file) + " bytes, not " + entry.sizeBytes());
            }
            if (!Digests.of(file).sha256().equals(entry.sha256())) {
                throw damaged(manifest, "the content of " + entry.path() + " is not what was committed");
            }
        } catch (IOException e) {
            throw new CheckpointDamagedException("checkpoint " + manifest.markIndex() + ": " + entry.path() + " cannot be read", e);
        }
    }

    /** CRIU takes what it finds: a file too many in the image is as bad as one that differs. */
    private static void requireNoOtherFiles(Path directory, Manifest manifest) {
        try (var found = Files.list(directory.resolve(Manifest.IMAGE))) {
            List<String> known = manifest.entries().stream().map(ManifestEntry::path).toList();
            found.map(path -> Manifest.IMAGE + "/" + path.getFileName()).filter(path -> !known.contains(path)).findFirst()
                .ifPresent(path -> {
                    throw damaged(manifest, path + " does not belong to it");
                });
        } catch (IOException e) {
            throw new CheckpointDamagedException("checkpoint " + manifest.markIndex() + ": its image cannot be listed", e);
        }
    }

    private static CheckpointDamagedException damaged(Manifest manifest, String what) {
        return new CheckpointDamagedException("checkpoint " + manifest.markIndex() + ": " + what);
    }
}
