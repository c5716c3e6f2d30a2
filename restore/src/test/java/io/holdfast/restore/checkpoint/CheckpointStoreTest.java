package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CheckpointStoreTest {
    @TempDir
    Path directory;
    private CheckpointStore store;
    private Path data;
    private Path moreData;

    @BeforeEach
    void prepare() throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root: chown(2)");
        store = CheckpointStore.open(directory.resolve("a"), 1 << 20);
        data = Files.createDirectories(directory.resolve("srv/one"));
        moreData = Files.createDirectories(directory.resolve("srv/two"));
        Files.writeString(data.resolve("file"), "content");
        Files.createDirectories(data.resolve("empty/deeper"));
        Files.createSymbolicLink(data.resolve("link"), Path.of("file"));
        Files.createSymbolicLink(data.resolve("outside"), directory.resolve("precious"));
        Files.writeString(directory.resolve("precious"), "keep");
        TestNet.sh("mkfifo -m 640 " + data.resolve("pipe") + " && chown 11:22 " + data.resolve("file") + " && chmod 4711 "
            + data.resolve("file") + " && chown -h 33:44 " + data.resolve("link"));
        Files.writeString(moreData.resolve("second"), "2");
        Files.setLastModifiedTime(data.resolve("file"), FileTime.from(1_234_567_890_123_456_789L, TimeUnit.NANOSECONDS));
        Files.setLastModifiedTime(data.resolve("empty"), FileTime.from(1_111_111_111_111_111_111L, TimeUnit.NANOSECONDS));
    }

    private VerifiedCheckpoint checkpoint(CheckpointStore into, long markIndex) {
        try (CheckpointDraft draft = into.draft()) {
            Files.writeString(draft.imageDirectory().resolve("pages-1.img"), "pages of " + markIndex);
            draft.copyData(List.of(data, moreData));
            return draft.complete("redis", markIndex, 2, "4.2.1", Map.of("connections", TextNode.valueOf("opaque")));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Everything there is to see of a tree. */
    private static Map<String, String> look(Path top) throws IOException {
        Map<String, String> seen = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(top)) {
            for (Path path : paths.toList()) {
                Map<String, Object> unix = new TreeMap<>(Files.readAttributes(path, "unix:mode,uid,gid,lastModifiedTime",
                    LinkOption.NOFOLLOW_LINKS));
                if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    unix.remove("lastModifiedTime");
                }
                if (Files.isSymbolicLink(path)) {
                    unix.put("target", Files.readSymbolicLink(path));
                } else if (Files.isRegularFile(path)) {
                    unix.put("content", Files.readString(path));
                }
                seen.put(top.relativize(path).toString(), unix.toString());
            }
        }
        return seen;
    }

    @Test
    void bringsDataDirectoriesBackAsTheyWere() throws IOException {
        Map<String, String> one = look(data);
        Map<String, String> two = look(moreData);
        VerifiedCheckpoint taken = checkpoint(store, 5);
        assertThat(one).hasSize(7);

        TestNet.sh("rm -r " + data + "/empty " + data + "/pipe && echo changed > " + data + "/file && chmod 600 " + data
            + "/file && ln -sfn / " + data + "/link && mkdir " + data + "/new && echo x > " + data + "/new/stray && ln -s "
            + directory.resolve("precious") + " " + data + "/stray-link && rm -r " + moreData);
        taken.restoreDataDirectories(List.of(data, moreData));

        assertThat(look(data)).isEqualTo(one);
        assertThat(look(moreData)).isEqualTo(two);
        assertThat(directory.resolve("precious")).hasContent("keep");
        assertThat(taken.manifest().extra()).containsEntry("connections", TextNode.valueOf("opaque"));
        assertThatThrownBy(() -> taken.restoreDataDirectories(List.of(data))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void copiesNoSocketsAndRefusesDevices() throws IOException {
        TestNet.sh("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('" + data + "/socket')\"");
        VerifiedCheckpoint taken = checkpoint(store, 5);
        assertThat(taken.manifest().entries()).noneMatch(entry -> entry.path().endsWith("socket"));
        TestNet.sh("mknod " + data + "/device c 1 3");
        assertThatThrownBy(() -> checkpoint(store, 6)).hasRootCauseMessage(data + "/device is a device: a data directory may not hold one");
        assertThat(store.list()).containsExactly(5L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"image/pages-1.img", "data/0/file", "data/1/second"})
    void aFlippedBitIsFound(String path) throws IOException {
        VerifiedCheckpoint taken = checkpoint(store, 5);
        String digest = store.manifestDigest(5);
        assertThat(store.verify(5, digest).manifest()).isEqualTo(taken.manifest());
        assertThat(taken.isUntouched()).isTrue();
        Path file = directory.resolve("a/5").resolve(path);
        byte[] bytes = Files.readAllBytes(file);
        bytes[0] ^= 1;
        Files.write(file, bytes);
        assertThat(taken.isUntouched()).isFalse();
        assertDamaged(digest, "checkpoint 5: the content of " + path + " is not what was committed");
        Files.write(file, new byte[0]);
        assertDamaged(digest, path + " has 0 bytes");
        Files.delete(file);
        assertDamaged(digest, path + " is missing");
        Files.createSymbolicLink(file, directory.resolve("precious"));
        assertDamaged(digest, path + " is not a file");
    }

    private void assertDamaged(String digest, String why) {
        assertThatThrownBy(() -> store.verify(5, digest)).isInstanceOf(CheckpointDamagedException.class).hasMessageContaining(why);
    }

    @Test
    void aManifestThatIsNotTheCommittedOneIsFound() throws IOException {
        checkpoint(store, 5);
        String digest = store.manifestDigest(5);
        Path manifest = directory.resolve("a/5/manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("redis", "radis"));
        assertDamaged(digest, "committed was " + digest);
        assertThat(store.newestHeld(Map.of(5L, digest))).isEmpty();
        assertThatThrownBy(() -> store.verify(6, digest)).isInstanceOf(CheckpointDamagedException.class)
            .hasMessageContaining("there is no checkpoint 6");
    }

    @Test
    void aFileTooManyInTheImageIsFound() throws IOException {
        VerifiedCheckpoint taken = checkpoint(store, 5);
        Files.writeString(taken.imageDirectory().resolve("core-9.img"), "x");
        assertThat(taken.isUntouched()).isFalse();
        assertDamaged(store.manifestDigest(5), "image/core-9.img does not belong to it");
    }

    @Test
    void travelsFromStoreToStore() throws IOException {
        VerifiedCheckpoint taken = checkpoint(store, 5);
        CheckpointStore other = CheckpointStore.open(directory.resolve("b"), 1 << 20);
        VerifiedCheckpoint arrived;
        try (CheckpointImport arriving = other.beginImport(store.manifestJson(5), store.manifestDigest(5))) {
            assertThat(arriving.missing()).hasSize(3);
            assertThatThrownBy(arriving::commit).isInstanceOf(IllegalStateException.class).hasMessageContaining("misses 3 files");
            for (ManifestEntry entry : arriving.missing()) {
                try (InputStream content = Channels.newInputStream(store.openFile(5, entry.path()))) {
                    arriving.write(entry.path(), content);
                }
            }
            assertThat(other.list()).isEmpty();
            arrived = arriving.commit();
        }
        assertThat(arrived.isUntouched()).isTrue();
        assertThat(arrived.manifestDigest()).isEqualTo(taken.manifestDigest()).isEqualTo(store.manifestDigest(5));
        assertThat(other.verify(5, taken.manifestDigest()).manifest()).isEqualTo(taken.manifest());
        Map<String, String> one = look(data);
        Directories.delete(data);
        arrived.restoreDataDirectories(List.of(data, moreData));
        assertThat(look(data)).isEqualTo(one);
        assertThatThrownBy(() -> store.openFile(5, "manifest.json")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.openFile(5, "../5/image/pages-1.img")).isInstanceOf(IOException.class);
    }

    @Test
    void anImportTakesNothingButWhatWasCommitted() throws IOException {
        checkpoint(store, 5);
        byte[] manifest = store.manifestJson(5);
        CheckpointStore other = CheckpointStore.open(directory.resolve("b"), 1 << 20);
        assertThatThrownBy(() -> other.beginImport(manifest, "0".repeat(64))).isInstanceOf(CheckpointDamagedException.class);
        try (CheckpointImport arriving = other.beginImport(manifest, store.manifestDigest(5))) {
            byte[] wrong = "pages of 6".getBytes(StandardCharsets.UTF_8);
            assertThatThrownBy(() -> arriving.write("image/pages-1.img", new ByteArrayInputStream(wrong)))
                .isInstanceOf(CheckpointDamagedException.class).hasMessageContaining("arrived with another content");
            assertThatThrownBy(() -> arriving.write("image/pages-1.img", new Endless())).isInstanceOf(CheckpointDamagedException.class);
            assertThatThrownBy(() -> arriving.write("../../x", new ByteArrayInputStream(wrong)))
                .isInstanceOf(CheckpointDamagedException.class).hasMessageContaining("is not a file that checkpoint 5 misses");
            arriving.write("image/pages-1.img", new ByteArrayInputStream("pages of 5".getBytes(StandardCharsets.UTF_8)));
            assertThat(arriving.missing()).hasSize(2);
        }
        assertThat(directory.resolve("b")).as("an import that was not committed leaves nothing").isEmptyDirectory();
    }

    private static final class Endless extends InputStream {
        @Override
        public int read() {
            return 1;
        }
    }

    @Test
    void isBounded() throws IOException {
        Files.write(moreData.resolve("large"), new byte[1 << 20]);
        assertThatThrownBy(() -> checkpoint(store, 5)).isInstanceOf(CheckpointTooLargeException.class)
            .hasMessageContaining("exceed the bound");
        Files.delete(moreData.resolve("large"));
        checkpoint(store, 5);
        CheckpointStore small = CheckpointStore.open(directory.resolve("b"), 10);
        assertThatThrownBy(() -> small.beginImport(store.manifestJson(5), store.manifestDigest(5)))
            .isInstanceOf(CheckpointTooLargeException.class).hasMessageContaining("the bound is 10");
        assertThat(directory.resolve("b")).isEmptyDirectory();
        assertThat(directory.resolve("a")).isDirectoryNotContaining(path -> !path.getFileName().toString().equals("5"));
    }

    @Test
    void keepsTheNewestAndTheNeeded() {
        for (long index : new long[] {3, 20, 100, 7}) {
            checkpoint(store, index);
        }
        assertThat(store.list()).containsExactly(3L, 7L, 20L, 100L);
        assertThat(store.newestHeld(Map.of(7L, store.manifestDigest(7), 20L, store.manifestDigest(20), 500L, "x"))).contains(20L);
        assertThat(store.newestHeld(Map.of(100L, "other", 3L, store.manifestDigest(3)))).contains(3L);
        assertThat(store.prune(2, Set.of(3L))).containsExactly(7L);
        assertThat(store.list()).containsExactly(3L, 20L, 100L);
        assertThat(store.prune(0, Set.of())).containsExactly(3L, 20L, 100L);
        assertThat(directory.resolve("a")).isEmptyDirectory();
    }

    @Test
    void whatWasNotFinishedIsGoneAfterARestartAndWhatWasIsNot() throws IOException {
        checkpoint(store, 5);
        CheckpointDraft abandoned = store.draft();
        Files.writeString(abandoned.imageDirectory().resolve("x"), "x");
        abandoned.copyData(List.of(data));
        CheckpointStore reopened = CheckpointStore.open(directory.resolve("a"), 1 << 20);
        assertThat(reopened.list()).containsExactly(5L);
        assertThat(directory.resolve("a")).isDirectoryNotContaining(path -> !path.getFileName().toString().equals("5"));
        reopened.verify(5, store.manifestDigest(5));
    }
}
