package io.holdfast.restore.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A checkpoint that is being taken on this node; closing one that was not completed deletes it. Owned by one thread. */
public final class CheckpointDraft implements AutoCloseable {
    private final CheckpointStore store;
    private final Path directory;
    private final List<ManifestEntry> data = new ArrayList<>();
    private int dataDirectories;

    CheckpointDraft(CheckpointStore store, Path directory) {
        this.store = store;
        this.directory = directory;
        try {
            Files.createDirectory(imageDirectory());
            Files.createDirectory(directory.resolve(Manifest.DATA));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot begin a checkpoint in " + directory, e);
        }
    }

    /** Where CRIU is to write its image; empty. */
    public Path imageDirectory() {
        return directory.resolve(Manifest.IMAGE);
    }

    /** Copies the data directories. Called while the workload stands still: does nothing that can wait. */
    public void copyData(List<Path> directories) {
        long leftBytes = store.maxBytes();
        for (Path source : directories) {
            String prefix = Manifest.DATA + "/" + dataDirectories++;
            List<ManifestEntry> copied = DataDirectories.copy(source, prefix, directory.resolve(prefix), leftBytes);
            leftBytes -= copied.stream().mapToLong(ManifestEntry::sizeBytes).sum();
            data.addAll(copied);
        }
    }

    /**
     * Digests every file, forces all to the disk and makes this a checkpoint of the store. The workload runs meanwhile.
     *
     * @param extra sections to be kept in the manifest, by name
     */
    public VerifiedCheckpoint complete(String service, long markIndex, long markTerm, String criuVersion, Map<String, JsonNode> extra) {
        List<ManifestEntry> entries = new ArrayList<>();
        try {
            try (Stream<Path> image = Files.list(imageDirectory())) {
                for (Path file : image.sorted().toList()) {
                    entries.add(digested(new ManifestEntry(Manifest.IMAGE + "/" + file.getFileName(), ManifestEntry.Kind.FILE,
                        0, null, null, 0, 0, 0, 0)));
                }
            }
            for (ManifestEntry entry : data) {
                entries.add(entry.kind() == ManifestEntry.Kind.FILE ? digested(entry) : entry);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot digest the checkpoint in " + directory, e);
        }
        long totalBytes = entries.stream().mapToLong(ManifestEntry::sizeBytes).sum();
        store.requireBound(totalBytes);
        Manifest manifest = new Manifest(Manifest.FORMAT, service, markIndex, markTerm, System.currentTimeMillis(), criuVersion,
            totalBytes, entries, extra);
        return store.publish(directory, manifest, manifest.toJson());
    }

    @Override
    public void close() {
        Directories.delete(directory);
    }

    private ManifestEntry digested(ManifestEntry entry) throws IOException {
        Digests.FileDigest digest = Digests.of(directory.resolve(entry.path()));
        return entry.withDigest(digest.sizeBytes(), digest.sha256());
    }
}
