package io.holdfast.benchmarks.group;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.benchmarks.ResultFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/** That each command runs to its end and hands out every figure; not what the figures are. */
class GroupBenchTest {
    /** For each member: the entries of two snapshots, since files go whole and a while after they were dropped. */
    private static final long MOST_BYTES = 3L * 2 * (HoldfastContender.COMPACT_EVERY * 300L + (256 << 20));

    @TempDir
    Path dir;

    @ParameterizedTest
    @EnumSource(names = {"JGROUPS_RAFT", "RATIS", "AERON"})
    void commitsAreMeasuredBesideAnotherGroup(Kind other) throws Exception {
        JsonNode results = run("commit", new CommitCommand(), "--quick", "--bytes", "256", "--millis", "60", "--against", other.name());
        // Four loads, TLS and open, against the other and the floor, five figures each.
        assertThat(results).hasSize(4 * 2 * 2 * 5);
        assertThat(ResultFile.distinct(results, "baselineName")).containsExactly(other.title(), Kind.UDP.title());
        assertThat(ResultFile.distinct(results, "unit")).containsExactly("us", "entries/s");
    }

    @Test
    void leadersAreLostInBothGroups() throws Exception {
        JsonNode results = run("election", new ElectionCommand(), "--tries", "1", "--baseline-tries", "1");
        assertThat(results).hasSize(2 * 5);
        assertThat(ResultFile.distinct(results, "unit")).containsExactly("ms");
    }

    /**
     * The promise itself, for a minute: full load, every entry forced, a full collection a second in each member, three or
     * four compactions. Three members and the load share what processors there are.
     */
    @Test
    void noTermIsOpenedUnderFullLoad() throws Exception {
        StringWriter out = new StringWriter();
        ElectionSoak.Outcome outcome = ElectionSoak.run(dir, 70_000, false, new PrintWriter(out, true));
        assertThat(outcome.elections()).as("%s%n%s", outcome, out).isZero();
        assertThat(outcome.lost()).as("%s%n%s", outcome, out).isZero();
        assertThat(outcome.loads()).isGreaterThanOrEqualTo(7);
        assertThat(outcome.committed()).isGreaterThan(1_000_000);
        assertThat(outcome.collections()).isGreaterThanOrEqualTo(70);
        assertThat(outcome.mostBytes()).as("on the disk").isLessThan(MOST_BYTES);
    }

    private JsonNode run(String benchmark, Object command, String... arguments) throws IOException {
        Path json = dir.resolve("results.json");
        StringWriter out = new StringWriter();
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--json", json.toString()));
        PrintWriter writer = new PrintWriter(out, true);
        int exitCode = new CommandLine(command).setOut(writer).setErr(writer).execute(all.toArray(String[]::new));
        assertThat(exitCode).as(out.toString()).isZero();
        return ResultFile.results(json, benchmark);
    }
}
