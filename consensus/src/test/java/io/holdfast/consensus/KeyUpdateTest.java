package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS renews its keys in the middle of traffic (RFC 8446, 4.6.3), on both sides at once. */
class KeyUpdateTest {
    private static final int LIMIT_BYTES = 1 << 17;
    private static final int LEAST_UPDATES = KeyUpdateProcess.ROUNDS * KeyUpdateProcess.ROUND_BYTES / LIMIT_BYTES / 2;
    @TempDir
    Path dir;

    @Test
    @Timeout(value = 180, unit = TimeUnit.SECONDS)
    void messagesArriveWholeWhileTheKeysChange() throws Exception {
        Path settings = Files.writeString(dir.resolve("java.security"), "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^17\n");
        Path said = dir.resolve("said");
        Process process = ProcessCluster.java(List.of("-Djava.security.properties=" + settings, "-Djavax.net.debug=ssl,handshake",
                KeyUpdateProcess.class.getName())).redirectErrorStream(true).redirectOutput(said.toFile()).start();
        try {
            assertThat(process.waitFor(150, TimeUnit.SECONDS)).as("it ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(said);
        assertThat(lines).as("its last words: " + lines.subList(Math.max(0, lines.size() - 40), lines.size())).contains("all arrived");
        assertThat(count(lines, "write key updated")).as("times that either side renewed its keys").isGreaterThan(2 * LEAST_UPDATES);
        assertThat(count(lines, "read key updated")).isGreaterThan(2 * LEAST_UPDATES);
    }

    private static long count(List<String> lines, String text) {
        return lines.stream().filter(line -> line.contains(text)).count();
    }
}
