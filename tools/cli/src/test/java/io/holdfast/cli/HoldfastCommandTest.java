package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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
    void theVersionIsTheOneThatWasBuilt() {
        assertThat(holdfast("--version")).isZero();
        assertThat(out.toString()).startsWith("holdfast ").doesNotContain("${");
    }
}
