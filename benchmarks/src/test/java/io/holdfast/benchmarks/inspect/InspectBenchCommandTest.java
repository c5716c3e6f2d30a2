package io.holdfast.benchmarks.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.benchmarks.ResultFile;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class InspectBenchCommandTest {
    @TempDir
    Path dir;

    @Test
    void everyQuestionHasAFigureBesideAnother() throws Exception {
        Path json = dir.resolve("results.json");
        StringWriter out = new StringWriter();
        int exitCode = new CommandLine(new InspectBenchCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(out, true))
                .execute("--quick", "--entries", "20000", "--json", json.toString());
        assertThat(exitCode).as(out.toString()).isZero();
        assertThat(ResultFile.results(json, "inspect")).hasSize(6);
    }

    @Test
    void readingOnFromTheMiddleIsMeasuredColdAndWarm() throws Exception {
        Path json = dir.resolve("results.json");
        StringWriter out = new StringWriter();
        int exitCode = new CommandLine(new ReplayCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(out, true))
                .execute("--quick", "--entries", "20000", "--json", json.toString());
        assertThat(exitCode).as(out.toString()).isZero();
        assertThat(ResultFile.results(json, "replay")).hasSize(2)
                .allSatisfy(each -> assertThat(each.get("params").get("entries").asInt()).isEqualTo(10_000));
    }
}
