package io.holdfast.restore.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a checkpoint consists of. Immutable, and checked whole on construction: it may come from another machine.
 *
 * <p>The digest of its bytes stands in the committed <em>ready</em> entry, and the digest of every file stands in it.
 *
 * @param markIndex  the entry that dates the checkpoint
 * @param totalBytes sum of the sizes of the files
 * @param entries    each directory before what is in it
 * @param extra      sections of others, by name; opaque here ({@code connections}: the connection table at the mark)
 */
public record Manifest(int format, String service, long markIndex, long markTerm, long createdEpochMillis,
                       String criuVersion, long totalBytes, List<ManifestEntry> entries, Map<String, JsonNode> extra) {
    public static final int FORMAT = 1;
    static final String IMAGE = "image";
    static final String DATA = "data";
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,3}");
    private static final int MODE_BITS = 07777;
    private static final ObjectMapper JSON = new ObjectMapper()
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Throws {@link CheckpointDamagedException} when it is not a manifest anything may be written or read by. */
    public Manifest {
        require(format == FORMAT, "format " + format + " is not known");
        require(service != null && !service.isEmpty(), "no service");
        require(markIndex > 0 && markTerm > 0, "mark " + markIndex + " of term " + markTerm);
        require(entries != null && entries.stream().noneMatch(Objects::isNull), "no entries");
        entries = List.copyOf(entries);
        extra = extra == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(extra));
        requireSound(entries, totalBytes);
    }

    /** Bytes to be kept and sent as they are: the digest is of these. */
    public byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a manifest holds nothing that cannot be written as JSON", e);
        }
    }

    public static Manifest fromJson(byte[] json) {
        try {
            Manifest manifest = JSON.readValue(json, Manifest.class);
            require(manifest != null, "it is the word null");
            return manifest;
        } catch (IOException e) {
            if (e.getCause() instanceof CheckpointDamagedException damaged) {
                throw damaged;
            }
            throw new CheckpointDamagedException("not a manifest: " + e.getMessage(), e);
        }
    }

    /** How many data directories there are. */
    int dataDirectoryCount() {
        return (int) entries.stream().filter(entry -> entry.path().matches(DATA + "/[0-9]+")).count();
    }

    /**
     * No entry may reach out of the checkpoint, or of the data directory it is restored to: no path of its own does, and
     * each lies in a directory listed before it, so never behind a link.
     */
    private static void requireSound(List<ManifestEntry> entries, long totalBytes) {
        Map<String, ManifestEntry.Kind> seen = new HashMap<>();
        seen.put(IMAGE, ManifestEntry.Kind.DIRECTORY);
        seen.put(DATA, ManifestEntry.Kind.DIRECTORY);
        int dataDirectories = 0;
        long sum = 0;
        for (ManifestEntry entry : entries) {
            requireSound(entry);
            int slash = entry.path().lastIndexOf('/');
            String parent = entry.path().substring(0, slash);
            require(seen.get(parent) == ManifestEntry.Kind.DIRECTORY, "'" + entry.path() + "' is in no directory named before it");
            require(seen.put(entry.path(), entry.kind()) == null, "'" + entry.path() + "' is there twice");
            if (parent.equals(DATA)) {
                require(entry.kind() == ManifestEntry.Kind.DIRECTORY, "'" + entry.path() + "' is not a directory");
                require(entry.path().equals(DATA + "/" + dataDirectories++), "'" + entry.path() + "' is out of order");
            }
            require(sum + entry.sizeBytes() >= sum, "sizes too large");
            sum += entry.sizeBytes();
        }
        require(sum == totalBytes, "totalBytes is " + totalBytes + ", the files have " + sum);
    }

    private static void requireSound(ManifestEntry entry) {
        require(entry.path() != null && entry.kind() != null, "an entry without path or kind");
        requirePlain(entry.path());
        boolean file = entry.kind() == ManifestEntry.Kind.FILE;
        require(file || !entry.path().startsWith(IMAGE + "/"), "'" + entry.path() + "' is not a file");
        require(file ? entry.sizeBytes() >= 0 : entry.sizeBytes() == 0, "'" + entry.path() + "' has size " + entry.sizeBytes());
        require(file == (entry.sha256() != null) && (!file || SHA256.matcher(entry.sha256()).matches()),
            "'" + entry.path() + "' has digest " + entry.sha256());
        boolean link = entry.kind() == ManifestEntry.Kind.LINK;
        require(link == (entry.linkTarget() != null) && (!link || !entry.linkTarget().isEmpty() && entry.linkTarget().indexOf(0) < 0),
            "'" + entry.path() + "' has link target " + entry.linkTarget());
        require((entry.mode() & ~MODE_BITS) == 0, "'" + entry.path() + "' has mode " + entry.mode());
    }

    private static void requirePlain(String path) {
        require(path.indexOf(0) < 0, "a path with a NUL in it");
        List<String> parts = new ArrayList<>(List.of(path.split("/", -1)));
        for (String part : parts) {
            require(!part.isEmpty() && !part.equals(".") && !part.equals(".."), "'" + path + "' is not a plain relative path");
        }
        boolean image = parts.size() == 2 && parts.get(0).equals(IMAGE);
        boolean data = parts.size() >= 2 && parts.get(0).equals(DATA) && NUMBER.matcher(parts.get(1)).matches();
        require(image || data, "'" + path + "' is neither in the image nor in a data directory");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new CheckpointDamagedException("manifest refused: " + message);
        }
    }
}
