package io.holdfast.benchmarks.inspect;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import io.holdfast.cli.HoldfastCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast bench inspect}: how fast an auditor's questions are answered. Owned by the main thread. */
@Command(name = "inspect",
        description = "Reads a journal with the commands of inspect: against Chronicle's own reader, and export against tshark.")
public final class InspectBenchCommand implements Callable<Integer> {
    private static final int ENTRIES = 2_000_000;
    private static final int QUICK_ENTRIES = 100_000;
    /** tshark takes minutes for what we export in seconds. */
    private static final int TSHARK_ENTRIES = 200_000;
    private static final String CHRONICLE = "Chronicle's ExcerptTailer, reading every document";
    private static final String TSHARK = "tshark -r, counting the exported packets";

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--entries", paramLabel = "N", description = "so many entries instead of " + ENTRIES)
    private Integer entries;

    /** A question whose time is taken; returns nothing, throws when it goes wrong. */
    private interface Question {
        void ask() throws Exception;
    }

    @Override
    public Integer call() throws Exception {
        Report report = new Report(spec.commandLine().getOut(), spec.commandLine().getErr());
        int count = entries != null ? entries : options.quick() ? QUICK_ENTRIES : ENTRIES;
        Path top = Files.createTempDirectory("holdfast-bench-inspect");
        try {
            spec.commandLine().getErr().println("bench: inspect, writing a journal of " + count + " entries in " + top);
            Path journal = SampleJournal.write(top.resolve("journal"), count);
            List<BenchResult> results = measure(journal, top.resolve("export.pcapng"), count);
            print(results);
            report.printEnvironment();
            report.write(options.json(), "inspect", results, Map.of("journalBytes", bytes(journal)));
            return 0;
        } finally {
            remove(top);
        }
    }

    private List<BenchResult> measure(Path journal, Path exported, int count) throws Exception {
        int rounds = options.quick() ? 1 : 5;
        double tailer = rate(count, rounds, () -> SampleJournal.readByTailer(journal, 0, count));
        List<BenchResult> results = new ArrayList<>();
        for (String question : new String[] {"list", "list --json", "verify", "describe", "connections"}) {
            String[] words = question.split(" ");
            List<String> arguments = new ArrayList<>(List.of("inspect", words[0], journal.toString()));
            arguments.addAll(List.of(words).subList(1, words.length));
            double ours = rate(count, rounds, () -> ask(arguments));
            results.add(result(question, count, ours, tailer, CHRONICLE));
        }
        double export = rate(count, rounds, () -> ask(List.of("inspect", "export", journal.toString(), "-o", exported.toString())));
        int part = Math.min(count, TSHARK_ENTRIES);
        ask(List.of("inspect", "export", journal.toString(), "-o", exported.toString(), "--to", Integer.toString(part)));
        double tshark = rate(part, 1, () -> tshark(exported));
        results.add(result("export", count, export, tshark, TSHARK));
        return results;
    }

    private static BenchResult result(String question, int count, double ours, double baseline, String name) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("command", question);
        params.put("entries", count);
        return new BenchResult("inspect", params, "entries/s", ours, baseline, name);
    }

    /** Entries a second, the median of the rounds. */
    private static double rate(int count, int rounds, Question question) throws Exception {
        double[] rates = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            long began = System.nanoTime();
            question.ask();
            rates[i] = count * 1e9 / (System.nanoTime() - began);
        }
        Arrays.sort(rates);
        return rates[rounds / 2];
    }

    private static void ask(List<String> arguments) throws IOException {
        PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
        int exitCode = HoldfastCommand.execute(nowhere, nowhere, arguments.toArray(String[]::new));
        if (exitCode != 0) {
            throw new IOException(arguments + " ended with " + exitCode);
        }
    }

    private static void tshark(Path file) throws Exception {
        Process process = new ProcessBuilder("tshark", "-n", "-o", "tcp.analyze_sequence_numbers:FALSE", "-q", "-z", "io,stat,0", "-r",
                file.toString()).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("tshark did not read " + file);
        }
    }

    private void print(List<BenchResult> results) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%-14s %14s %14s %8s  %s%n", "command", "entries/s", "beside", "ratio", "of");
        for (BenchResult each : results) {
            out.printf(Locale.ROOT, "%-14s %14.0f %14.0f %8.2f  %s%n", each.params().get("command"), each.ours(), each.baseline(), each.ratio(),
                    each.baselineName());
        }
        out.println("Medians, page cache warm, in one JVM whose first round is cold.");
    }

    private static long bytes(Path dir) throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    static void remove(Path top) throws IOException {
        try (Stream<Path> files = Files.walk(top)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
