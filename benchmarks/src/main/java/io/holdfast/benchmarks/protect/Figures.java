package io.holdfast.benchmarks.protect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the rounds gave, by subject, connections and figure. Owned by the main thread. */
final class Figures {

    /** What is measured in each round. */
    enum Figure {
        THROUGHPUT("throughput", "requests/s"),
        P50("latency p50", "us"),
        P99("latency p99", "us"),
        CPU("CPU time of the whole machine", "us/request"),
        REDIS_BENCHMARK("throughput, redis-benchmark", "requests/s");

        private final String title;
        private final String unit;

        Figure(String title, String unit) {
            this.title = title;
            this.unit = unit;
        }

        String title() {
            return title;
        }

        String unit() {
            return unit;
        }
    }

    private record Place(String subject, int connections, Figure figure) {
    }

    private final Map<Place, List<Double>> rounds = new LinkedHashMap<>();

    void add(Subject subject, int connections, Figure figure, double value) {
        rounds.computeIfAbsent(new Place(subject.label(), connections, figure), place -> new ArrayList<>()).add(value);
    }

    boolean has(Subject subject, int connections, Figure figure) {
        return rounds.containsKey(new Place(subject.label(), connections, figure));
    }

    double median(Subject subject, int connections, Figure figure) {
        double[] sorted = sorted(subject, connections, figure);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double least(Subject subject, int connections, Figure figure) {
        return sorted(subject, connections, figure)[0];
    }

    double most(Subject subject, int connections, Figure figure) {
        double[] sorted = sorted(subject, connections, figure);
        return sorted[sorted.length - 1];
    }

    private double[] sorted(Subject subject, int connections, Figure figure) {
        double[] values = rounds.get(new Place(subject.label(), connections, figure)).stream()
                .mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(values);
        return values;
    }

    /** Every value of every round, for machines. */
    List<Map<String, Object>> all() {
        List<Map<String, Object>> all = new ArrayList<>();
        rounds.forEach((place, values) -> {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("subject", place.subject());
            told.put("connections", place.connections());
            told.put("figure", place.figure().title());
            told.put("unit", place.figure().unit());
            told.put("values", values);
            all.add(told);
        });
        return all;
    }
}
