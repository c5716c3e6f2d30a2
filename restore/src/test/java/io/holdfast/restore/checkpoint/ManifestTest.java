package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.ByteRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What another machine may send as a manifest. */
class ManifestTest {
    private static final String DIGEST = "0".repeat(64);

    private static Manifest manifest(ManifestEntry... entries) {
        return new Manifest(Manifest.FORMAT, "redis", 7, 2, 1, "4.2.1", total(entries), List.of(entries), Map.of());
    }

    private static long total(ManifestEntry... entries) {
        return List.of(entries).stream().mapToLong(ManifestEntry::sizeBytes).sum();
    }

    private static ManifestEntry file(String path) {
        return new ManifestEntry(path, ManifestEntry.Kind.FILE, 3, DIGEST, null, 0600, 1, 2, 3);
    }

    private static ManifestEntry directory(String path) {
        return new ManifestEntry(path, ManifestEntry.Kind.DIRECTORY, 0, null, null, 0700, 1, 2, 3);
    }

    private static ManifestEntry link(String path, String target) {
        return new ManifestEntry(path, ManifestEntry.Kind.LINK, 0, null, target, 0777, 1, 2, 3);
    }

    @Test
    void survivesJson() {
        Map<String, JsonNode> extra = Map.of("connections", IntNode.valueOf(5));
        Manifest manifest = new Manifest(Manifest.FORMAT, "redis", 7, 2, 1, "4.2.1", 6, List.of(file("image/core-1.img"),
            directory("data/0"), link("data/0/l", "../x"), directory("data/0/a b"), file("data/0/a b/\u00fc\"\n")), extra);
        assertThat(Manifest.fromJson(manifest.toJson())).isEqualTo(manifest);
    }

    @ParameterizedTest
    @ValueSource(strings = {"image/../manifest.json", "image/..", "image/.", "image//x", "/etc/passwd", "image/a/b", "image", "",
        "data", "data/x", "data/00", "data/-1", "data/99999", "data/0/../../../etc/passwd", "data/0/", "data/0/a/", "../x", "x",
        "manifest.json", "image/a\u0000b", "data/0//x", "image/", "./image/x"})
    void refusesAPathThatIsNotPlain(String path) {
        assertThatThrownBy(() -> manifest(directory("data/0"), directory("data/0/a"), file(path)))
            .isInstanceOf(CheckpointDamagedException.class).hasMessageContaining("manifest refused");
    }

    @Test
    void refusesWhatLiesBehindALinkOrAFile() {
        assertRefused("'data/0/l/passwd' is in no directory", directory("data/0"), link("data/0/l", "/etc"), file("data/0/l/passwd"));
        assertRefused("'data/0/f/x' is in no directory", directory("data/0"), file("data/0/f"), file("data/0/f/x"));
        assertRefused("'data/0/d/x' is in no directory", directory("data/0"), file("data/0/d/x"), directory("data/0/d"));
        assertRefused("'data/0/x' is there twice", directory("data/0"), link("data/0/x", "/etc"), directory("data/0/x"));
        assertRefused("'data/0/x' is there twice", directory("data/0"), directory("data/0/x"), link("data/0/x", "/etc"));
        assertRefused("'data/0' is not a directory", link("data/0", "/etc"));
        assertRefused("'data/1' is out of order", directory("data/1"));
        assertRefused("'image/l' is not a file", link("image/l", "/etc/shadow"));
        assertRefused("'image/d' is not a file", directory("image/d"));
    }

    private static void assertRefused(String why, ManifestEntry... entries) {
        assertThatThrownBy(() -> manifest(entries)).isInstanceOf(CheckpointDamagedException.class).hasMessageContaining(why);
    }

    @Test
    void refusesSizesAndDigestsThatAreNone() {
        assertRefused("has size -1", new ManifestEntry("image/x", ManifestEntry.Kind.FILE, -1, DIGEST, null, 0, 0, 0, 0));
        assertRefused("has digest null", new ManifestEntry("image/x", ManifestEntry.Kind.FILE, 1, null, null, 0, 0, 0, 0));
        assertRefused("has digest x", new ManifestEntry("image/x", ManifestEntry.Kind.FILE, 1, "x", null, 0, 0, 0, 0));
        assertRefused("has link target null", directory("data/0"), link("data/0/l", null));
        assertRefused("has mode", new ManifestEntry("image/x", ManifestEntry.Kind.FILE, 1, DIGEST, null, 0100600, 0, 0, 0));
        assertThatThrownBy(() -> new Manifest(1, "s", 1, 1, 1, "", 4, List.of(file("image/x")), Map.of()))
            .hasMessageContaining("totalBytes is 4, the files have 3");
        long half = Long.MAX_VALUE / 2 + 1;
        ManifestEntry huge = new ManifestEntry("image/x", ManifestEntry.Kind.FILE, half, DIGEST, null, 0, 0, 0, 0);
        ManifestEntry other = new ManifestEntry("image/y", ManifestEntry.Kind.FILE, half, DIGEST, null, 0, 0, 0, 0);
        assertRefused("sizes too large", huge, other);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "not json", "{}", "[]", "null",
        "{\"format\":2,\"service\":\"s\",\"markIndex\":1,\"markTerm\":1,\"createdEpochMillis\":1,\"totalBytes\":0,\"entries\":[]}",
        "{\"format\":1,\"service\":\"s\",\"markIndex\":0,\"markTerm\":1,\"createdEpochMillis\":1,\"totalBytes\":0,\"entries\":[]}",
        "{\"format\":1,\"service\":\"s\",\"markIndex\":1,\"markTerm\":1,\"createdEpochMillis\":1,\"totalBytes\":0,\"entries\":[null]}",
        "{\"format\":1,\"service\":\"s\",\"markIndex\":1,\"markTerm\":1,\"createdEpochMillis\":1,\"totalBytes\":0,\"entries\":[{}]}",
        "{\"format\":1,\"service\":\"s\",\"markIndex\":1,\"markTerm\":1,\"createdEpochMillis\":1,\"totalBytes\":0,\"entries\":[]} x",
    })
    void refusesWhatIsNoManifest(String json) {
        assertThatThrownBy(() -> Manifest.fromJson(json.getBytes(StandardCharsets.UTF_8)))
            .isInstanceOf(CheckpointDamagedException.class);
    }

    @Property(tries = 500)
    void anyOneByteChangedIsAManifestOrRefusedButNothingElse(@ForAll int place, @ForAll @ByteRange byte value) {
        List<ManifestEntry> entries = new ArrayList<>(List.of(file("image/core-1.img"), directory("data/0"), link("data/0/l", "x")));
        byte[] json = new Manifest(Manifest.FORMAT, "redis", 7, 2, 1, "4.2.1", 3, entries, Map.of()).toJson();
        json[Math.floorMod(place, json.length)] = value;
        try {
            Manifest.fromJson(json).entries().forEach(entry -> assertThat(entry.path()).doesNotContain(".."));
        } catch (CheckpointDamagedException refused) {
            assertThat(refused).hasMessageContaining("manifest");
        }
    }
}
