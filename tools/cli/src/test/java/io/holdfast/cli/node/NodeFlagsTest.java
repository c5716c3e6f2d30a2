package io.holdfast.cli.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the launcher starts a node with (src/main/launcher, filtered by the build), tried on a process. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NodeFlagsTest {
    private static final int OUT_OF_MEMORY = 3;

    /** I7: a node that lacks memory must not go on without one of its threads. */
    @Test
    void aNodeEndsWhenMemoryIsShort() throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@target/jvm.flags",
                "@target/node.flags", "-Xms16m", "-Xmx16m", "-cp", "target/test-classes", Hoarder.class.getName())
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(OUT_OF_MEMORY);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** A thread of it takes all memory and dies of it; the process would end by itself, and in peace. */
    static final class Hoarder {
        public static void main(String... arguments) throws InterruptedException {
            Thread thread = new Thread(() -> {
                List<byte[]> hoard = new ArrayList<>();
                while (true) {
                    hoard.add(new byte[1 << 20]);
                }
            });
            thread.start();
            thread.join();
        }
    }
}
