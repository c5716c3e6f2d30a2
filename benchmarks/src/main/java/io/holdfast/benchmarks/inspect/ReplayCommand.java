package io.holdfast.benchmarks.inspect;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.Report;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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

/** {@code holdfast bench replay}: reading on from the middle, as a takeover does. Owned by the main thread. */
@Command(name = "replay",
        description = "Reads the second half of a journal, cold and warm: against Chronicle's own reader.")
public final class ReplayCommand implements Callable<Integer> {
    private static final int ENTRIES = 2_000_000;
    private static final int QUICK_ENTRIES = 100_000;
    /** Header, command's header, and a packet without payload: what is read is longer. */
    private static final int LEAST_RECORD_BYTES = 32 + 16 + 40;
    private static final long UNMAP_NANOS = 30_000_000_000L;
    private static final String BASELINE = "Chronicle's ExcerptTailer, from the same entry";

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--entries", paramLabel = "N", description = "so many entries instead of " + ENTRIES)
    private Integer entries;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        int count = entries != null ? entries : options.quick() ? QUICK_ENTRIES : ENTRIES;
        Path top = Files.createTempDirectory("holdfast-bench-replay");
        try {
            Path journal = SampleJournal.write(top.resolve("journal"), count);
            List<BenchResult> results = List.of(measure(journal, count, true), measure(journal, count, false));
            print(out, results, Files.getFileStore(journal).type());
            report.printEnvironment();
            report.write(options.json(), "replay", results, Map.of("fileSystem", Files.getFileStore(journal).type()));
            return 0;
        } finally {
            InspectBenchCommand.remove(top);
        }
    }

    /** Both in turn, the first round for warming up the JVM alone; opening the journal counts. */
    private BenchResult measure(Path journal, int count, boolean cold) throws Exception {
        int rounds = options.quick() ? 1 : 5;
        int from = count / 2;
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        long fromDisk = 0;
        for (int round = 0; round <= rounds; round++) {
            long before = bytesFromDisk();
            double own = rate(journal, cold, () -> read(journal, from));
            fromDisk = bytesFromDisk() - before;
            double other = rate(journal, cold, () -> SampleJournal.readByTailer(journal, from, count));
            if (round > 0) {
                ours.add(own);
                theirs.add(other);
            }
        }
        if (cold && fromDisk < (long) (count - from) * LEAST_RECORD_BYTES) {
            spec.commandLine().getErr().printf("bench: only %d bytes came from the disk (is this a file system in memory?): 'cold' was not cold%n",
                    fromDisk);
        }
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("pages", cold ? "cold" : "warm");
        params.put("entries", count - from);
        params.put("mibFromDisk", fromDisk >> 20);
        return new BenchResult("replay", params, "entries/s", median(ours), median(theirs), BASELINE);
    }

    /** Returns how many entries were read. */
    private interface Reading {
        int read();
    }

    private static double rate(Path journal, boolean cold, Reading reading) throws IOException, InterruptedException {
        if (cold) {
            dropPages(journal);
        }
        long began = System.nanoTime();
        int read = reading.read();
        return read * 1e9 / (System.nanoTime() - began);
    }

    /** proc_pid_io(5), {@code read_bytes}: what this process caused to be read from storage, faults of mappings included. */
    private static long bytesFromDisk() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/io")).stream().filter(l -> l.startsWith("read_bytes:")).findFirst().orElseThrow();
        return Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
    }

    private static int read(Path journal, int from) {
        JournalEntry entry = new JournalEntry();
        int read = 0;
        try (JournalReader reader = JournalReader.open(journal)) {
            EntryCursor cursor = reader.forward(from);
            while (cursor.next(entry)) {
                read++;
            }
        }
        return read;
    }

    /** {@code dd ... iflag=nocache count=0} is posix_fadvise(DONTNEED) for the whole file; dirty pages are not dropped, so written first. */
    private static void dropPages(Path journal) throws IOException, InterruptedException {
        awaitUnmapped(journal);
        try (Stream<Path> files = Files.list(journal)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                run("sync", file.toString());
                run("dd", "if=" + file, "of=/dev/null", "iflag=nocache", "count=0", "status=none");
            }
        }
    }

    /** The kernel drops no page that is mapped, and a mapping lives until its buffer is collected. */
    private static void awaitUnmapped(Path journal) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + UNMAP_NANOS;
        while (Files.readAllLines(Path.of("/proc/self/maps")).stream().anyMatch(line -> line.contains(journal.toString() + "/"))) {
            if (System.nanoTime() > deadline) {
                throw new IOException(journal + " stays mapped: it cannot be read cold");
            }
            System.gc();
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(Arrays.toString(command) + " failed");
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static void print(PrintWriter out, List<BenchResult> results, String fileSystem) {
        out.printf("%-6s %14s %14s %8s %14s%n", "pages", "journal/s", "tailer/s", "ratio", "MiB from disk");
        for (BenchResult each : results) {
            out.printf(Locale.ROOT, "%-6s %14.0f %14.0f %8.2f %14d%n", each.params().get("pages"), each.ours(), each.baseline(), each.ratio(),
                    each.params().get("mibFromDisk"));
        }
        out.println("Entries a second from the middle to the end, opening included, medians; more is better. The journal checks every"
                + " record's checksum and chain, the tailer copies its bytes. Cold: pages dropped before each reading, and the kernel's count of bytes read from the disk says so. On " + fileSystem + ".");
    }
}
