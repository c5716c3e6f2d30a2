package io.holdfast.benchmarks.group;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast bench election}: from the leader's death to its successor's first commit. Owned by the main thread. */
@Command(name = "election",
        description = "Kills the leader's process again and again: how long until its successor has committed an entry.")
public final class ElectionCommand implements Callable<Integer> {
    private static final double[] PERCENTILES = {0, 50, 90, 99, 100};
    private static final long BOUND_MS = 30_000;
    private static final LoadShape PROBE = new LoadShape(256, 0, 1, 50);

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--tries", paramLabel = "N", description = "so often each; default: 50")
    private Integer tries;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        int count = tries != null ? tries : options.quick() ? 3 : 50;
        Map<Kind, Histogram> nanos = measure(count);
        print(out, nanos, count);
        report.printEnvironment();
        report.write(options.json(), "election", results(nanos, count), Map.of());
        return 0;
    }

    /** In turns, so that both meet the same machine. */
    private Map<Kind, Histogram> measure(int count) throws Exception {
        Path top = Files.createTempDirectory("holdfast-bench-election");
        Map<Kind, MemberGroup> groups = new LinkedHashMap<>();
        Map<Kind, Histogram> nanos = new LinkedHashMap<>();
        try {
            for (Kind kind : List.of(Kind.HOLDFAST, Kind.JGROUPS_RAFT)) {
                groups.put(kind, MemberGroup.start(kind, Timing.SHARP, FreePorts.onLoopback(), top.resolve(kind.name()), name -> List.of()));
                nanos.put(kind, new Histogram(3));
            }
            for (int i = 0; i < count; i++) {
                for (MemberGroup group : groups.values()) {
                    nanos.get(group.kind()).recordValue(killLeader(group));
                }
            }
            return nanos;
        } finally {
            groups.values().forEach(MemberGroup::close);
            CommitCommand.remove(top);
        }
    }

    private static long killLeader(MemberGroup group) throws IOException, InterruptedException {
        // All three take part and commit before the next one dies.
        if (group.load(PROBE) == null) {
            throw new IOException("no steady leader in the group of " + group.kind().title());
        }
        MemberProcess leader = group.leader();
        Map<MemberProcess, Integer> said = new LinkedHashMap<>();
        group.running().stream().filter(member -> member != leader).forEach(member -> said.put(member, member.said()));
        long killed = leader.kill();
        long elected = awaitLeader(group, said);
        leader.awaitEnd();
        group.start(leader.name());
        return elected - killed;
    }

    private static long awaitLeader(MemberGroup group, Map<MemberProcess, Integer> said) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BOUND_MS);
        while (System.nanoTime() < deadline) {
            for (Map.Entry<MemberProcess, Integer> each : said.entrySet()) {
                String line = each.getKey().await(each.getValue(), l -> l.startsWith("leads "), 5);
                if (line != null) {
                    return Long.parseLong(line.split(" ")[1]);
                }
            }
        }
        throw new IOException("within " + BOUND_MS + " ms nobody leads the group of " + group.kind().title());
    }

    private static List<BenchResult> results(Map<Kind, Histogram> nanos, int count) {
        List<BenchResult> results = new ArrayList<>();
        for (double percentile : PERCENTILES) {
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("fault", "kill -9 of the leader's process");
            params.put("tries", count);
            params.put("statistic", "p" + (int) percentile);
            results.add(new BenchResult("election", params, "ms", millis(nanos.get(Kind.HOLDFAST), percentile),
                    millis(nanos.get(Kind.JGROUPS_RAFT), percentile), Kind.JGROUPS_RAFT.title()));
        }
        return results;
    }

    private static double millis(Histogram nanos, double percentile) {
        return nanos.getValueAtPercentile(percentile) / 1e6;
    }

    private static void print(PrintWriter out, Map<Kind, Histogram> nanos, int count) {
        out.printf("%-24s %8s %8s %8s %8s %8s%n", "ms", "least", "p50", "p90", "p99", "most");
        nanos.forEach((kind, each) -> out.printf(Locale.ROOT, "%-24s %8.0f %8.0f %8.0f %8.0f %8.0f%n", kind.title(), millis(each, 0),
                millis(each, 50), millis(each, 90), millis(each, 99), millis(each, 100)));
        out.println(count + " tries each, in turn: from kill -9 of the leader's process to its successor's first committed entry.");
    }
}
