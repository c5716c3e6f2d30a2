package io.holdfast.benchmarks.protect;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import io.holdfast.benchmarks.protect.Comparison.Plan;
import io.holdfast.benchmarks.protect.Figures.Figure;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast bench protect}: what protection costs a Redis and its clients. Owned by the main thread. */
@Command(name = "protect",
        description = "Measures a real Redis under Holdfast with three nodes against the same Redis alone and against "
                + "its own synchronous replication (two replicas, WAIT 1 behind each write), in turn, in one run.",
        footer = "Exit code 0: measured. 1: something failed or disturbed it. 2: wrong arguments.")
public final class ProtectCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--rounds", paramLabel = "N", description = "so many rounds; figures are medians over them")
    private Integer rounds;

    @Option(names = "--connections", paramLabel = "N", split = ",", defaultValue = "1,50",
            description = "so many connections at once, one measurement each (default: ${DEFAULT-VALUE})")
    private List<Integer> connections;

    @Option(names = "--against", paramLabel = "CLASSPATH",
            description = "compare with nodes of another build instead of with Redis, as in "
                    + "'/src/before/tools/cli/target/classes:/src/before/tools/cli/target/lib/*'; may be repeated")
    private List<String> against = List.of();

    @Option(names = "--profile", description = "show who used the CPU, by process and thread")
    private boolean profile;

    @Option(names = "--checkpoint-interval-ms", paramLabel = "MS", defaultValue = "30000",
            description = "how often Holdfast takes a checkpoint meanwhile; 0: never, and CRIU is not needed "
                    + "(default: ${DEFAULT-VALUE})")
    private long checkpointIntervalMs;

    @Override
    public Integer call() throws Exception {
        Plan plan = plan();
        spec.commandLine().getErr().printf("bench: protect, %d rounds, %s%n", plan.rounds(),
                options.quick() ? "about 1 minute" : "some minutes");
        if (!against.isEmpty()) {
            compareBuilds(plan.withoutSecondOpinion());
            return 0;
        }
        try (Subject alone = PlainRedis.alone(); Subject replicated = PlainRedis.replicated();
                ProtectedRedis ours = ProtectedRedis.start(checkpointIntervalMs)) {
            compare(List.of(alone, replicated), ours, plan);
        }
        return 0;
    }

    private void compareBuilds(Plan plan) throws Exception {
        List<Subject> others = new ArrayList<>();
        try (ProtectedRedis ours = ProtectedRedis.start(checkpointIntervalMs)) {
            for (String classPath : against) {
                others.add(ProtectedRedis.otherBuild(others.size() + 1, classPath, checkpointIntervalMs));
            }
            compare(others, ours, plan);
        } finally {
            others.forEach(Subject::close);
        }
    }

    private Plan plan() {
        Plan plan = (options.quick() ? Plan.QUICK : Plan.FULL).withConnections(connections);
        if (rounds != null && rounds < 1 || connections.stream().anyMatch(count -> count < 1)) {
            throw new ParameterException(spec.commandLine(), "--rounds and --connections must be at least 1");
        }
        return rounds == null ? plan : plan.withRounds(rounds);
    }

    private void compare(List<Subject> baselines, Subject ours, Plan plan) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        List<Subject> subjects = new ArrayList<>(baselines);
        subjects.add(ours);
        Comparison comparison = new Comparison(subjects, plan, profile ? out : null);
        Figures figures = comparison.run();
        print(out, subjects, figures, plan);
        if (comparison.disturbed() > 0) {
            out.printf("%nA takeover fell into %d measurements; they were made again.%n", comparison.disturbed());
        }
        report.printEnvironment();
        report.write(options.json(), "protect", results(ours, baselines, figures, plan),
                Map.of("rounds", figures.all(), "checkpointIntervalMs", checkpointIntervalMs,
                        "measurementsRepeatedAfterTakeover", comparison.disturbed()));
    }

    private static List<BenchResult> results(Subject ours, List<Subject> baselines, Figures figures,
            Plan plan) {
        List<BenchResult> results = new ArrayList<>();
        for (int connections : plan.connections()) {
            for (Figure figure : Figure.values()) {
                for (Subject baseline : baselines) {
                    if (figures.has(baseline, connections, figure)) {
                        Map<String, Object> params = new LinkedHashMap<>();
                        params.put("connections", connections);
                        params.put("figure", figure.title());
                        results.add(new BenchResult("protect", params, figure.unit(),
                                figures.median(ours, connections, figure),
                                figures.median(baseline, connections, figure), baseline.label()));
                    }
                }
            }
        }
        return results;
    }

    private static void print(PrintWriter out, List<Subject> subjects, Figures figures, Plan plan) {
        Subject first = subjects.get(0);
        for (int connections : plan.connections()) {
            out.printf(Locale.ROOT, "%n%d connection%s, one INCR under way on each; medians of %d rounds, in brackets"
                    + " least and most%n", connections, connections == 1 ? "" : "s", plan.rounds());
            out.printf("  %-18s %28s %7s %9s %9s %12s %16s%n", "", "requests/s", "ratio", "p50 us", "p99 us",
                    "CPU us/req", "redis-benchmark");
            for (Subject each : subjects) {
                double perSecond = figures.median(each, connections, Figure.THROUGHPUT);
                out.printf(Locale.ROOT, "  %-18s %10.0f (%6.0f ..%6.0f) %7.2f %9.0f %9.0f %12.1f %16s%n", each.label(),
                        perSecond, figures.least(each, connections, Figure.THROUGHPUT),
                        figures.most(each, connections, Figure.THROUGHPUT),
                        perSecond / figures.median(first, connections, Figure.THROUGHPUT),
                        figures.median(each, connections, Figure.P50), figures.median(each, connections, Figure.P99),
                        figures.median(each, connections, Figure.CPU), redisBenchmark(each, connections, figures));
            }
        }
    }

    private static String redisBenchmark(Subject subject, int connections, Figures figures) {
        return figures.has(subject, connections, Figure.REDIS_BENCHMARK)
                ? String.format(Locale.ROOT, "%.0f", figures.median(subject, connections, Figure.REDIS_BENCHMARK))
                : "-";
    }
}
