package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint on its way here from another node; closing one that was not committed deletes it. Owned by one thread.
 *
 * <p>Only names that the manifest lists are ever written, below a fresh directory in which there are no links.
 */
public final class CheckpointImport implements AutoCloseable {
    private final CheckpointStore store;
    private final Path directory;
    private final Manifest manifest;
    private final byte[] manifestJson;
    private final Map<String, ManifestEntry> missing = new LinkedHashMap<>();

    CheckpointImport(CheckpointStore store, Path directory, Manifest manifest, byte[] manifestJson) {
        this.store = store;
        this.directory = directory;
        this.manifest = manifest;
        this.manifestJson = manifestJson.clone();
        try {
            Files.createDirectory(directory.resolve(Manifest.IMAGE));
            Files.createDirectory(directory.resolve(Manifest.DATA));
            for (ManifestEntry entry : manifest.entries()) {
                if (entry.kind() == ManifestEntry.Kind.DIRECTORY) {
                    Files.createDirectory(directory.resolve(entry.path()));
                } else if (entry.kind() == ManifestEntry.Kind.FILE) {
                    missing.put(entry.path(), entry);
                }
            }
        } catch (IOException e) {
            Directories.delete(directory);
            throw new UncheckedIOException("cannot begin to import checkpoint " + manifest.markIndex(), e);
        }
    }

    public Manifest manifest() {
        return manifest;
    }

    /** Files still to be written, in the order of the manifest. */
    public List<ManifestEntry> missing() {
        return List.copyOf(missing.values());
    }

    /**
     * Writes one file; {@code content} is read to its end, or as far as it proves too long.
     *
     * @throws CheckpointDamagedException when it is not what the manifest says; it stays missing and may be sent again
     * @throws IOException                when {@code content} cannot be read or the file not written; likewise
     */
    public void write(String path, InputStream content) throws IOException {
        ManifestEntry entry = missing.get(path);
        if (entry == null) {
            throw new CheckpointDamagedException("'" + path + "' is not a file that checkpoint " + manifest.markIndex() + " misses");
        }
        Digests.FileDigest digest;
        try (OutputStream out = Files.newOutputStream(directory.resolve(path), StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            digest = Digests.copy(content, out, entry.sizeBytes());
        }
        if (digest.sizeBytes() != entry.sizeBytes() || !digest.sha256().equals(entry.sha256())) {
            throw new CheckpointDamagedException("checkpoint " + manifest.markIndex() + ": " + path
                + " arrived with another content than was committed");
        }
        missing.remove(path);
    }

    /** Forces all to the disk and makes this a checkpoint of the store. */
    public VerifiedCheckpoint commit() {
        if (!missing.isEmpty()) {
            throw new IllegalStateException("checkpoint " + manifest.markIndex() + " misses " + missing.size() + " files, first "
                + missing.keySet().iterator().next());
        }
        return store.publish(directory, manifest, manifestJson);
    }

    @Override
    public void close() {
        Directories.delete(directory);
    }
}
