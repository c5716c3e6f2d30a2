package io.holdfast.benchmarks.protect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.benchmarks.ResultFile;
import io.holdfast.benchmarks.protect.Figures.Figure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** That real Redis servers, alone, replicated and protected, are measured and every figure told; not what the figures are. */
class ProtectCommandTest {
    @TempDir
    Path dir;

    @Test
    void protectionIsMeasuredBesideRedisAloneAndBesideItsOwnReplication() throws IOException {
        Path json = dir.resolve("results.json");
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out, true);
        int exitCode = new CommandLine(new ProtectCommand()).setOut(writer).setErr(writer).execute("--quick", "--rounds", "1",
                "--connections", "1", "--checkpoint-interval-ms", "0", "--json", json.toString());
        assertThat(exitCode).as(out.toString()).isZero();
        JsonNode results = ResultFile.results(json, "protect");
        // Both baselines for each figure; redis-benchmark cannot ask for WAIT.
        int figures = Figure.values().length;
        assertThat(results).hasSize(2 * figures - 1).allSatisfy(each -> {
            assertThat(each.get("params").get("connections").asInt()).isEqualTo(1);
            Figure figure = Arrays.stream(Figure.values()).filter(f -> f.title().equals(each.get("params").get("figure").asText()))
                    .findFirst().orElseThrow();
            assertThat(each.get("unit").asText()).isEqualTo(figure.unit());
        });
        assertThat(ResultFile.distinct(results, "baselineName")).containsExactly("Redis alone", "Redis with WAIT 1");
        JsonNode document = new ObjectMapper().readTree(json.toFile());
        assertThat(document.get("checkpointIntervalMs").asInt()).isZero();
        // What each of the three gave in its one round.
        assertThat(document.get("rounds")).hasSize(3 * figures - 1).allSatisfy(each -> assertThat(each.get("values")).hasSize(1));
    }
}
