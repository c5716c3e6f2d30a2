package io.holdfast.benchmarks.append;

import io.holdfast.benchmarks.BenchResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What the turns gave, by setting and log. Owned by the main thread. */
final class AppendFigures {
    private static final double[] PERCENTILES = {50, 99, 99.9};

    private final Map<AppendSetting, Map<Subject, List<Turn>>> turns = new LinkedHashMap<>();

    void add(Subject subject, AppendSetting setting, Turn turn) {
        turns.computeIfAbsent(setting, key -> new EnumMap<>(Subject.class)).computeIfAbsent(subject, key -> new ArrayList<>()).add(turn);
    }

    private double nanos(AppendSetting setting, Subject subject, double percentile) {
        Histogram all = new Histogram(3);
        turns.get(setting).get(subject).forEach(turn -> all.add(turn.latency()));
        return all.getValueAtPercentile(percentile);
    }

    /** The median of the turns. */
    private double perSecond(AppendSetting setting, Subject subject) {
        double[] sorted = turns.get(setting).get(subject).stream()
                .mapToDouble(turn -> setting.batch() * turn.batches() * 1e9 / turn.nanos()).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private double faultsPerThousand(AppendSetting setting, Subject subject) {
        List<Turn> all = turns.get(setting).get(subject);
        return all.stream().mapToLong(Turn::faults).sum() * 1000.0 / setting.batch() / all.stream().mapToLong(Turn::batches).sum();
    }

    List<BenchResult> results() {
        List<BenchResult> results = new ArrayList<>();
        for (AppendSetting setting : turns.keySet()) {
            for (Subject baseline : List.of(Subject.FILE_BASED_LOG, Subject.IN_MEMORY_LOG)) {
                for (double percentile : PERCENTILES) {
                    results.add(result(setting, "p" + text(percentile), "ns", nanos(setting, Subject.JOURNAL, percentile),
                            nanos(setting, baseline, percentile), baseline));
                }
                results.add(result(setting, "throughput", "entries/s", perSecond(setting, Subject.JOURNAL), perSecond(setting, baseline),
                        baseline));
            }
        }
        return results;
    }

    /** Page faults of the appending thread for a thousand entries, for machines. */
    List<Map<String, Object>> faults() {
        List<Map<String, Object>> all = new ArrayList<>();
        turns.forEach((setting, bySubject) -> bySubject.keySet().forEach(subject -> {
            Map<String, Object> each = params(setting);
            each.put("log", subject.title());
            each.put("faultsPerThousandEntries", faultsPerThousand(setting, subject));
            all.add(each);
        }));
        return all;
    }

    private static BenchResult result(AppendSetting setting, String statistic, String unit, double ours, double other, Subject baseline) {
        Map<String, Object> params = params(setting);
        params.put("statistic", statistic);
        return new BenchResult("append", params, unit, ours, other, baseline.title());
    }

    private static Map<String, Object> params(AppendSetting setting) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("durability", setting.durability().name().toLowerCase(Locale.ROOT));
        params.put("bytes", setting.bytes());
        params.put("batch", setting.batch());
        params.put("batchesPerSecond", setting.perSecond());
        return params;
    }

    void print(PrintWriter out) {
        out.printf("%-8s %5s %5s | %-35s | %-35s | %-23s | %s%n", "", "", "", "journal", "FileBasedLog", "journal by FileBasedLog",
                "InMemoryLog");
        out.printf("%-8s %5s %5s | %8s %8s %8s %8s | %8s %8s %8s %8s | %5s %5s %5s %5s | %8s%n", "", "bytes", "batch", "p50 us", "p99 us",
                "p99.9", "1000/s", "p50 us", "p99 us", "p99.9", "1000/s", "p50", "p99", "p99.9", "/s", "p50 us");
        for (AppendSetting setting : turns.keySet()) {
            out.printf(Locale.ROOT, "%-8s %5d %5d |", setting.durability(), setting.bytes(), setting.batch());
            for (Subject subject : List.of(Subject.JOURNAL, Subject.FILE_BASED_LOG)) {
                Arrays.stream(PERCENTILES).forEach(p -> out.printf(Locale.ROOT, " %8.2f", nanos(setting, subject, p) / 1e3));
                out.printf(Locale.ROOT, " %8.1f |", perSecond(setting, subject) / 1e3);
            }
            Arrays.stream(PERCENTILES).forEach(p -> out.printf(Locale.ROOT, " %5.2f",
                    nanos(setting, Subject.JOURNAL, p) / nanos(setting, Subject.FILE_BASED_LOG, p)));
            out.printf(Locale.ROOT, " %5.2f | %8.2f%n", perSecond(setting, Subject.JOURNAL) / perSecond(setting, Subject.FILE_BASED_LOG),
                    nanos(setting, Subject.IN_MEMORY_LOG, 50) / 1e3);
        }
    }

    private static String text(double percentile) {
        return percentile == Math.rint(percentile) ? Integer.toString((int) percentile) : Double.toString(percentile);
    }
}
