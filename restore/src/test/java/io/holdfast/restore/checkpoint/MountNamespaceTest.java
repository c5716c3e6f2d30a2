package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes, each a JVM in a mount namespace of its own where the data directory is its own, share nothing but a checkpoint. */
@Timeout(120)
class MountNamespaceTest {
    @TempDir
    Path directory;

    @Test
    void whatOneNodeDumpedAnotherRestores() throws Exception {
        CriuTest.assumeCriu();
        Path checkpoints = Files.createDirectory(directory.resolve("checkpoints"));
        Files.createDirectory(directory.resolve("private"));
        String dumped = node("dump", checkpoints);
        assertThat(dumped).contains("count at dump: ");
        assertThat(directory.resolve("private")).as("the data is in the node's own mount").isEmptyDirectory();
        String count = dumped.substring(dumped.indexOf("count at dump: ")).lines().findFirst().orElseThrow().substring(15);
        assertThat(node("restore", checkpoints)).contains("restored with " + count).contains("counts on");
        assertThat(directory.resolve("private")).isEmptyDirectory();
    }

    private String node(String action, Path checkpoints) throws IOException, InterruptedException {
        Path mount = directory.resolve("private");
        Path output = directory.resolve(action + ".txt");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder("unshare", "--mount", "/bin/sh", "-c",
            "mount -t tmpfs tmpfs " + mount + " && exec \"$@\"", "sh", java, "-cp", System.getProperty("java.class.path"),
            Node.class.getName(), action, mount.toString(), checkpoints.toString())
            .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).as("%s ends", action).isTrue();
        String said = Files.readString(output);
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }

    /** The main class of a node. */
    static final class Node {
        private static final String COUNTER = "i=0; while :; do i=$((i+1)); echo $i > count.new; mv count.new count; sleep 0.01; done";

        private Node() {
        }

        public static void main(String[] arguments) {
            Path mount = Path.of(arguments[1]);
            Path data = mount.resolve("data");
            CheckpointStore store = CheckpointStore.open(Path.of(arguments[2]), 1 << 30);
            Criu criu = new Criu(CriuTest.CRIU, mount.resolve("criu"), 30_000);
            WorkloadSpec spec = new WorkloadSpec(List.of("/bin/sh", "-c", COUNTER), data, List.of(data), Map.of(), 0, 1_000);
            Workload workload = arguments[0].equals("dump") ? dump(criu, store, spec, data, mount) : restore(criu, store, spec, data, mount);
            workload.kill(5_000);
        }

        private static Workload dump(Criu criu, CheckpointStore store, WorkloadSpec spec, Path data, Path mount) {
            try {
                Files.createDirectory(data);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            Workload workload = Workload.start(spec, mount.resolve("state"));
            Awaitility.await().until(() -> Files.exists(data.resolve("count")) && count(data) > 3);
            try (CheckpointDraft draft = store.draft()) {
                criu.dump(workload.pid(), draft.imageDirectory(), store.maxBytes(), () -> {
                    draft.copyData(List.of(data));
                    System.out.println("count at dump: " + count(data));
                });
                draft.complete("counter", 9, 1, "4.2", Map.of());
            }
            return workload;
        }

        private static Workload restore(Criu criu, CheckpointStore store, WorkloadSpec spec, Path data, Path mount) {
            VerifiedCheckpoint checkpoint = store.verify(9, store.manifestDigest(9));
            checkpoint.restoreDataDirectories(List.of(data));
            int before = count(data);
            System.out.println("restored with " + before);
            Workload workload = Workload.restore(spec, mount.resolve("state"), (pidFile, started) ->
                criu.restore(checkpoint.imageDirectory(), pidFile, started).pid());
            Awaitility.await().until(() -> count(data) > before + 3);
            System.out.println("counts on");
            return workload;
        }

        private static int count(Path data) {
            try {
                return Integer.parseInt(Files.readString(data.resolve("count"), StandardCharsets.US_ASCII).strip());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
