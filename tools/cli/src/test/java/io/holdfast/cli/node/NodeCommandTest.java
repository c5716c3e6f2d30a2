package io.holdfast.cli.node;

import io.holdfast.cli.HoldfastCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

class NodeCommandTest {
    @TempDir
    Path dir;
    private final StringWriter err = new StringWriter();

    private int node(String yaml) throws IOException {
        Path file = Files.writeString(dir.resolve("node.yaml"), yaml);
        return HoldfastCommand.execute(new PrintWriter(new StringWriter()), new PrintWriter(err, true),
                "node", "--config", file.toString());
    }

    @Test
    void aConfigurationThatCannotBeUsedEndsWithTwoAndOneLineForEachProblem() throws IOException {
        assertThat(node("node: n1\ncolour: red\ncluster:\n  - {name: n1, address: 127.0.0.1}\nservices: []\n")).isEqualTo(2);

        assertThat(err.toString().lines()).allMatch(line -> line.contains("node.yaml: "))
                .anyMatch(line -> line.contains("dataDir is missing"))
                .anyMatch(line -> line.contains("colour is not a known key"))
                .anyMatch(line -> line.contains("services must be a list with at least one entry"));
    }

    @Test
    void aMissingFileIsNamed() {
        int exitCode = HoldfastCommand.execute(new PrintWriter(new StringWriter()), new PrintWriter(err, true),
                "node", "--config", dir.resolve("none.yaml").toString());

        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString()).contains("none.yaml").contains("cannot be read");
    }
}
