package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.consensus.security.ClusterKey;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class HoldfastCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int holdfast(String... arguments) {
        return HoldfastCommand.execute(new PrintWriter(out), new PrintWriter(err), arguments);
    }

    static Stream<String> commands() {
        return new CommandLine(new HoldfastCommand()).getSubcommands().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandTellsItsArgumentsAndExitCodes(String command) {
        assertThat(holdfast(command, "--help")).isZero();
        assertThat(out.toString()).contains("Usage: holdfast " + command, "Exit code");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void anUnknownOptionIsTheCallersMistake(String command) {
        assertThat(holdfast(command, "--no-such-option")).isEqualTo(2);
        assertThat(err.toString()).as("what is wrong").isNotBlank();
    }

    @Test
    void withoutACommandItSaysHowItIsUsed() {
        assertThat(holdfast()).isEqualTo(2);
        assertThat(err.toString()).contains("a command is missing", "Usage: holdfast", "doctor");
    }

    @Test
    void aKeyIsMadeOnceForItsOwnerAlone(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("etc/cluster.key");
        assertThat(holdfast("keygen", file.toString())).isZero();
        assertThat(out.toString()).contains(ClusterKey.read(file).fingerprint(), file.toString());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(holdfast("keygen", file.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("exists already");
    }

    @Test
    void aKeyOrConfigurationThatCannotBeUsedIsOneLine(@TempDir Path directory) throws Exception {
        Path key = directory.resolve("cluster.key");
        assertThat(holdfast("status", "--node", "127.0.0.1:1", "--key", key.toString())).isEqualTo(2);
        assertThat(holdfast("status", "--config", directory.resolve("n1.yaml").toString())).isEqualTo(2);
        ClusterKey.generate(key);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(holdfast("switchover", "--node", "127.0.0.1:1", "--key", key.toString())).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(3);
        assertThat(err.toString()).containsSubsequence("copy it from a node", "n1.yaml", "chmod 600 ");
    }

    @Test
    void theVersionIsTheOneThatWasBuilt() {
        assertThat(holdfast("--version")).isZero();
        assertThat(out.toString()).startsWith("holdfast ").doesNotContain("${");
    }
}
