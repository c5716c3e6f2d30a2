package io.holdfast.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a benchmark hands to people and to machines. Owned by the main thread. */
public final class Report {

    private final PrintWriter out;
    private final double loadBefore = Environment.load();

    /** Made before anything is measured, for the load the machine has by itself. */
    public Report(PrintWriter out, PrintWriter err) {
        this.out = out;
        String warning = Environment.busy(loadBefore);
        if (warning != null) {
            err.println("bench: " + warning);
        }
    }

    /** Prints where it was measured, below the figures. */
    public void printEnvironment() {
        Map<String, Object> told = Environment.now(loadBefore);
        out.printf(Locale.ROOT, "%n%s CPUs (%s) for everything: clients, servers, all nodes. Linux %s, Java %s."
                + " Load average %.2f before, %.2f after.%n", told.get("cpus"), told.get("cpuModel"),
                told.get("kernel"), told.get("java"), told.get("loadAverageBefore"), told.get("loadAverageAfter"));
    }

    /**
     * Writes the same for machines.
     *
     * @param file nothing is written when it is null
     * @param more what this benchmark tells beside its results
     */
    public void write(Path file, String benchmark, List<BenchResult> results, Map<String, Object> more)
            throws IOException {
        if (file == null) {
            return;
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("benchmark", benchmark);
        document.put("environment", Environment.now(loadBefore));
        document.put("results", results);
        document.putAll(more);
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), document);
    }
}
