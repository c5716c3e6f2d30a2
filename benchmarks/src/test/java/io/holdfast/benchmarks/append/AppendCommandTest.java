package io.holdfast.benchmarks.append;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.benchmarks.ResultFile;
import io.holdfast.journal.Durability;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** That every log is measured with every setting and forced when it should be; not what the figures are. */
class AppendCommandTest {
    @TempDir
    Path dir;

    @Test
    void everySettingIsMeasuredBesideBothLogs() throws IOException {
        Path json = dir.resolve("results.json");
        PrintWriter out = new PrintWriter(new StringWriter(), true);
        int exitCode = new CommandLine(new AppendCommand()).setOut(out).setErr(out).execute("--rounds", "1", "--millis", "5", "--json",
                json.toString());
        assertThat(exitCode).isZero();
        // Durabilities, sizes, batches, baselines, figures.
        assertThat(ResultFile.results(json, "append")).hasSize(3 * 3 * 3 * 2 * 4);
    }

    @Test
    void aTurnIsBoundedByTimeAndByBytes() throws Exception {
        AppendSetting small = new AppendSetting(Durability.DISK, 64, 1, 0);
        assertThat(Turn.take(Subject.JOURNAL, small, 30).nanos()).isGreaterThanOrEqualTo(30_000_000);
        AppendSetting large = new AppendSetting(Durability.PROCESS, 1 << 16, 512, 0);
        assertThat(Turn.take(Subject.JOURNAL, large, 60_000).batches()).isEqualTo(4);
    }

    @Test
    void aTurnTakesNoMoreThanItsRate() throws Exception {
        AppendSetting paced = new AppendSetting(Durability.PROCESS, 64, 1, 100);
        assertThat(Turn.take(Subject.JOURNAL, paced, 300).batches()).isBetween(10L, 31L);
        PrintWriter out = new PrintWriter(new StringWriter(), true);
        assertThat(new CommandLine(new AppendCommand()).setOut(out).setErr(out).execute("--per-second", "-1")).isEqualTo(2);
    }
}
