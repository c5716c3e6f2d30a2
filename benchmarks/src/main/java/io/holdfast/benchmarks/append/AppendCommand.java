package io.holdfast.benchmarks.append;

import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast bench append}: the journal's append beside that of jgroups-raft's log. Owned by the main thread. */
@Command(name = "append",
        description = "Appends entries one by one: the journal against jgroups-raft's FileBasedLog.")
public final class AppendCommand implements Callable<Integer> {

    private static final String OURS = "journal";
    private static final String BASELINE = "fileBasedLog";
    private static final String BASELINE_NAME = "jgroups-raft FileBasedLog";

    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this and end")
    private boolean help;

    @Option(names = "--quick", description = "fewer and shorter iterations: to see that it runs")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "write the results there too, for machines")
    private Path json;

    @Override
    public Integer call() throws Exception {
        Report report = new Report(spec.commandLine().getOut(), spec.commandLine().getErr());
        spec.commandLine().getErr().println("bench: append, about " + (quick ? "20 s" : "90 s"));
        String fileSystem = AppendBenchmark.fileSystem();
        List<BenchResult> results = results(new Runner(options()).run());
        print(results, fileSystem);
        report.printEnvironment();
        report.write(json, "append", results, Map.of("fileSystem", fileSystem));
        return 0;
    }

    /** JVM flags and class path of the forks are this process's own. */
    private Options options() {
        return new OptionsBuilder()
                .include(AppendBenchmark.class.getName() + "\\..*")
                .forks(quick ? 1 : 3)
                .warmupIterations(quick ? 2 : 5).warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(quick ? 2 : 8).measurementTime(TimeValue.milliseconds(500))
                .jvmArgsAppend("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC",
                        "-Dlogback.configurationFile=io/holdfast/benchmarks/append/logback.xml")
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
    }

    private static List<BenchResult> results(Iterable<RunResult> runs) {
        Map<String, Map<String, RunResult>> bySetting = new TreeMap<>();
        for (RunResult run : runs) {
            String method = run.getParams().getBenchmark();
            bySetting.computeIfAbsent(run.getParams().getParam("survives"), key -> new TreeMap<>())
                    .put(method.substring(method.lastIndexOf('.') + 1), run);
        }
        List<BenchResult> results = new ArrayList<>();
        bySetting.forEach((survives, pair) -> {
            Statistics ours = pair.get(OURS).getPrimaryResult().getStatistics();
            Statistics baseline = pair.get(BASELINE).getPrimaryResult().getStatistics();
            Map<String, Object> params = new LinkedHashMap<>();
            params.put("bytes", Integer.valueOf(pair.get(OURS).getParams().getParam("bytes")));
            params.put("batch", 1);
            params.put("survives", survives.toLowerCase(Locale.ROOT));
            results.add(result(params, "mean", ours.getMean(), baseline.getMean()));
            for (double percentile : new double[] {50, 99, 99.9}) {
                results.add(result(params, "p" + (percentile == 99.9 ? "99.9" : (int) percentile),
                        ours.getPercentile(percentile), baseline.getPercentile(percentile)));
            }
        });
        return results;
    }

    private static BenchResult result(Map<String, Object> params, String statistic, double ours, double baseline) {
        Map<String, Object> all = new LinkedHashMap<>(params);
        all.put("statistic", statistic);
        return new BenchResult("append", all, "ns", ours, baseline, BASELINE_NAME);
    }

    private void print(List<BenchResult> results, String fileSystem) {
        var out = spec.commandLine().getOut();
        out.printf("%-9s %-6s %14s %14s %8s%n", "survives", "", "journal", "FileBasedLog", "ratio");
        for (BenchResult each : results) {
            out.printf(Locale.ROOT, "%-9s %-6s %11.0f ns %11.0f ns %8.2f%n", each.params().get("survives"),
                    each.params().get("statistic"), each.ours(), each.baseline(), each.ratio());
        }
        out.printf("One entry of %s bytes after the other, on %s. Ratio: journal by FileBasedLog, less is better.%n",
                results.get(0).params().get("bytes"), fileSystem);
    }
}
