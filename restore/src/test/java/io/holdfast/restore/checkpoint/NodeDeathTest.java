package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node dies in the middle of a dump, with the workload standing still. */
@Timeout(60)
class NodeDeathTest {
    private static final String TICK = "while :; do echo x >> ticks; sleep 0.01; done";

    @TempDir
    Path directory;

    @Test
    void theWorkloadRunsOn() throws Exception {
        CriuTest.assumeCriu();
        Path output = directory.resolve("output.txt");
        Process node = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
            System.getProperty("java.class.path"), DyingNode.class.getName(), directory.toString())
            .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(node.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(node.exitValue()).as(Files.readString(output)).isEqualTo(9);
        assertThat(output).content().contains("stands still");

        try {
            Path ticks = directory.resolve("ticks");
            long then = Files.size(ticks);
            await().until(() -> Files.size(ticks) > then + 10);
        } finally {
            assertThat(Workload.killLeftover(directory.resolve("state"), 5_000)).isTrue();
        }
    }

    /** The main class of the node. */
    static final class DyingNode {
        private DyingNode() {
        }

        public static void main(String[] arguments) throws IOException {
            Path directory = Path.of(arguments[0]);
            Workload workload = Workload.start(new WorkloadSpec(List.of("/bin/sh", "-c", TICK), directory, List.of(), Map.of(), 0,
                1_000), directory.resolve("state"));
            await().until(() -> Files.exists(directory.resolve("ticks")));
            Criu criu = new Criu(CriuTest.CRIU, directory.resolve("criu"), 30_000);
            criu.dump(workload.pid(), Files.createDirectory(directory.resolve("image")), 1 << 30, () -> {
                System.out.println("stands still");
                Runtime.getRuntime().halt(9);
            });
        }
    }
}
