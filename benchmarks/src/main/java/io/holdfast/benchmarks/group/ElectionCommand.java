package io.holdfast.benchmarks.group;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast bench election}: from the leader's loss to its successor's first commit. Owned by the main thread. */
@Command(name = "election",
        description = {"Takes the leader away again and again: how long until its successor has committed an entry.",
                "With --soak-minutes: full load instead, and no leader may be lost."})
public final class ElectionCommand implements Callable<Integer> {
    private static final double[] PERCENTILES = {0, 50, 90, 99, 100};

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--fault", split = ",", paramLabel = "NAME", description = "only these: ${COMPLETION-CANDIDATES}")
    private List<LeaderLoss.Fault> faults = List.of(LeaderLoss.Fault.values());

    @Option(names = "--tries", paramLabel = "N", description = "so often each; default: 50, quick: 8")
    private Integer tries;

    @Option(names = "--baseline-tries", paramLabel = "N",
            description = "so often jgroups-raft, whose groups take seconds to be whole again; default: 10, quick: 2")
    private Integer baselineTries;

    @Option(names = "--soak-minutes", paramLabel = "N",
            description = "no fault at all: as many entries as it takes, forced to disk, with garbage collections; counts elections")
    private Double soakMinutes;

    @Option(names = "--kill-followers", description = "with --soak-minutes: a follower is killed every 90 s and started again 30 s"
            + " later, when the others have dropped what it needs; it must catch up while the load goes on")
    private boolean killFollowers;

    @Override
    public Integer call() throws Exception {
        if (killFollowers && soakMinutes == null) {
            throw new ParameterException(spec.commandLine(), "--kill-followers needs --soak-minutes");
        }
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        Path top = Files.createTempDirectory("holdfast-bench-election");
        try {
            return soakMinutes != null ? soak(out, report, top) : measure(out, report, top);
        } finally {
            CommitCommand.remove(top);
        }
    }

    private int measure(PrintWriter out, Report report, Path top) throws Exception {
        Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
        counts.put(Kind.HOLDFAST, tries != null ? tries : options.quick() ? 8 : 50);
        counts.put(Kind.JGROUPS_RAFT, baselineTries != null ? baselineTries : options.quick() ? 2 : 10);
        List<BenchResult> results = new ArrayList<>();
        for (LeaderLoss.Fault fault : faults) {
            Map<Kind, Histogram> nanos = measure(fault, counts, top.resolve(fault.name()));
            print(out, fault, nanos);
            results.addAll(results(fault, nanos));
        }
        report.printEnvironment();
        report.write(options.json(), "election", results, Map.of());
        return 0;
    }

    /** In turns, so that both meet the same machine. */
    private static Map<Kind, Histogram> measure(LeaderLoss.Fault fault, Map<Kind, Integer> counts, Path dir) throws Exception {
        Map<Kind, LeaderLoss> losses = new EnumMap<>(Kind.class);
        Map<Kind, Histogram> nanos = new EnumMap<>(Kind.class);
        try {
            for (Kind kind : counts.keySet()) {
                losses.put(kind, LeaderLoss.prepare(fault, kind, dir.resolve(kind.name())));
                nanos.put(kind, new Histogram(3));
            }
            int most = counts.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
            for (int i = 0; i < most; i++) {
                for (Map.Entry<Kind, LeaderLoss> each : losses.entrySet()) {
                    if (i < counts.get(each.getKey())) {
                        nanos.get(each.getKey()).recordValue(each.getValue().onceNanos());
                    }
                }
            }
            return nanos;
        } finally {
            losses.values().forEach(LeaderLoss::close);
        }
    }

    private int soak(PrintWriter out, Report report, Path top) throws IOException, InterruptedException {
        ElectionSoak.Outcome outcome = ElectionSoak.run(top, (long) (soakMinutes * 60_000), killFollowers, out);
        out.printf(Locale.ROOT, "%.1f minutes, every entry forced, %d garbage collections asked for in each member: %d terms opened, %s,"
                + " %d MB on the disk at most.%n", soakMinutes, outcome.collections(), outcome.elections(), outcome.text(),
                outcome.mostBytes() >> 20);
        if (killFollowers) {
            out.printf("%d followers killed, %d caught up while the load went on, the last of them within %d s of its start.%n", outcome.kills(),
                    outcome.returned(), outcome.returnMs() / 1000);
        }
        report.printEnvironment();
        report.write(options.json(), "election-soak", List.of(), Map.of("minutes", soakMinutes, "elections", outcome.elections(),
                "committed", outcome.committed(), "collections", outcome.collections(), "lost", outcome.lost(),
                "longestSilenceMs", outcome.silenceNanos() / 1e6, "followersKilled", outcome.kills(),
                "followersReturned", outcome.returned()));
        return outcome.calm() ? 0 : 1;
    }

    private static List<BenchResult> results(LeaderLoss.Fault fault, Map<Kind, Histogram> nanos) {
        List<BenchResult> results = new ArrayList<>();
        for (double percentile : PERCENTILES) {
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("fault", fault.title());
            params.put("tries", nanos.get(Kind.HOLDFAST).getTotalCount());
            params.put("baselineTries", nanos.get(Kind.JGROUPS_RAFT).getTotalCount());
            params.put("statistic", "p" + (int) percentile);
            results.add(new BenchResult("election", params, "ms", millis(nanos.get(Kind.HOLDFAST), percentile),
                    millis(nanos.get(Kind.JGROUPS_RAFT), percentile), Kind.JGROUPS_RAFT.title()));
        }
        return results;
    }

    private static double millis(Histogram nanos, double percentile) {
        return nanos.getValueAtPercentile(percentile) / 1e6;
    }

    private static void print(PrintWriter out, LeaderLoss.Fault fault, Map<Kind, Histogram> nanos) {
        out.printf("%nFrom when %s to the first committed entry of the next%n", fault == LeaderLoss.Fault.KILL
                ? "the leader's process is killed (-9)" : fault.title());
        out.printf("%-24s %6s %8s %8s %8s %8s %8s%n", "ms", "tries", "least", "p50", "p90", "p99", "most");
        nanos.forEach((kind, each) -> out.printf(Locale.ROOT, "%-24s %6d %8.0f %8.0f %8.0f %8.0f %8.0f%n", kind.title(),
                each.getTotalCount(), millis(each, 0), millis(each, 50), millis(each, 90), millis(each, 99), millis(each, 100)));
    }
}
