package io.holdfast.benchmarks.group;

import io.holdfast.benchmarks.BenchResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What the turns gave, by contender and load. Owned by the main thread. */
final class CommitFigures {
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};

    private record Place(Kind kind, LoadShape shape) {
    }

    private final Map<Place, Histogram> latency = new LinkedHashMap<>();
    private final Map<Place, List<Double>> perSecond = new LinkedHashMap<>();

    void add(Kind kind, LoadShape shape, LoadOutcome outcome) throws IOException {
        if (outcome == null) {
            throw new IOException("the leader of " + kind.title() + " lost its lead at " + shape.title() + ": nothing is comparable");
        }
        Place place = new Place(kind, shape);
        latency.computeIfAbsent(place, key -> new Histogram(3)).add(outcome.latency());
        perSecond.computeIfAbsent(place, key -> new ArrayList<>()).add(outcome.perSecond());
    }

    private double micros(Kind kind, LoadShape shape, double percentile) {
        return latency.get(new Place(kind, shape)).getValueAtPercentile(percentile) / 1e3;
    }

    /** The median of the turns. */
    private double throughput(Kind kind, LoadShape shape) {
        double[] sorted = perSecond.get(new Place(kind, shape)).stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    List<BenchResult> results(Kind baseline) {
        List<BenchResult> results = new ArrayList<>();
        for (LoadShape shape : shapes()) {
            for (Kind ours : List.of(Kind.HOLDFAST, Kind.HOLDFAST_OPEN)) {
                for (Kind other : List.of(baseline, Kind.UDP)) {
                    for (double percentile : PERCENTILES) {
                        results.add(result(ours, shape, "p" + text(percentile), "us", micros(ours, shape, percentile),
                                micros(other, shape, percentile), other));
                    }
                    results.add(result(ours, shape, "throughput", "entries/s", throughput(ours, shape), throughput(other, shape), other));
                }
            }
        }
        return results;
    }

    private static BenchResult result(Kind ours, LoadShape shape, String statistic, String unit, double own, double other, Kind kind) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("traffic", ours == Kind.HOLDFAST ? "TLS" : "open");
        params.put("bytes", shape.bytes());
        params.put("load", shape.title());
        params.put("statistic", statistic);
        return new BenchResult("commit", params, unit, own, other, kind.title());
    }

    private List<LoadShape> shapes() {
        return latency.keySet().stream().map(Place::shape).distinct().toList();
    }

    void print(PrintWriter out, Kind baseline) {
        out.printf("%n%-5s %-18s %-24s %9s %9s %9s %9s %11s %9s%n", "bytes", "load", "", "p50 us", "p90 us", "p99 us", "p99.9 us",
                "entries/s", "p50 ratio");
        for (LoadShape shape : shapes()) {
            for (Kind kind : List.of(Kind.HOLDFAST, Kind.HOLDFAST_OPEN, baseline, Kind.UDP)) {
                double[] micros = Arrays.stream(PERCENTILES).map(p -> micros(kind, shape, p)).toArray();
                out.printf(Locale.ROOT, "%-5d %-18s %-24s %9.0f %9.0f %9.0f %9.0f %11.0f %9.2f%n", shape.bytes(), shape.title(),
                        kind.title(), micros[0], micros[1], micros[2], micros[3], throughput(kind, shape),
                        micros[0] / micros(baseline, shape, 50));
            }
        }
        out.println("Latency over all turns, entries/s the median turn. Ratio: by " + baseline.title() + ", less is better."
                + " At a rate, time counts from when an entry was due. Up to 1024 in flight (UDP: 16) as fast as it goes.");
        for (Kind kind : List.of(Kind.HOLDFAST, baseline)) {
            out.println("Committed in " + kind.title() + " means: " + kind.durability() + ".");
        }
    }

    private static String text(double percentile) {
        return percentile == Math.rint(percentile) ? Integer.toString((int) percentile) : Double.toString(percentile);
    }
}
