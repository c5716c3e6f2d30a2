package io.holdfast.cli.inspect.stats;

import io.holdfast.cli.inspect.EntryFilter;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.OutputFile;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.cli.inspect.TimeText;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect stats}: how fast it was. */
@Command(name = "stats", mixinStandardHelpOptions = true,
        description = "Rates, and how long packets waited: from capture to commit, and from there to their release.",
        footer = {"", "Examples:",
                "  holdfast inspect stats DIR",
                "  holdfast inspect stats DIR --from -10m --window 30s --plot latency.svg",
                "  holdfast inspect stats DIR --hgrm redis       writes redis-capture-to-commit.hgrm and redis-commit-to-release.hgrm"})
public final class StatsCommand implements Callable<Integer> {
    private static final int WINDOWS = 20;
    private static final long NANOS = 1_000_000_000L;
    private static final double NANOS_PER_US = 1_000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Mixin
    private EntryFilter filter;

    @Option(names = "--window", paramLabel = "TIME", converter = WindowLength.class,
            description = "how long a line of the table stands for, such as 500ms, 10s or 5m (default: a twentieth of it all)")
    private Long windowNanos;

    @Option(names = "--plot", paramLabel = "FILE", description = "draw it to this file, .svg or .png")
    private Path plot;

    @Option(names = "--hgrm", paramLabel = "PREFIX", description = "write the percentiles of all of it to files of this beginning, as "
            + "HdrHistogram's plotter reads them; in microseconds")
    private String hgrm;

    @Option(names = "--json", description = "one JSON object a window, the last one for all of it")
    private boolean json;

    private final TimeText time = new TimeText();

    @Override
    public Integer call() throws IOException {
        if (plot != null && !StatsPlot.canWrite(plot)) {
            throw new ParameterException(spec.commandLine(), "--plot: " + plot + " ends neither in .svg nor in .png");
        }
        try (JournalReader reader = journal.open()) {
            filter.locate(reader);
            GateReading reading = read(reader);
            print(reading);
            if (plot != null) {
                draw(reading);
            }
            if (hgrm != null) {
                write(reading.all().captureToCommit(), Path.of(hgrm + "-capture-to-commit.hgrm"));
                write(reading.all().commitToRelease(), Path.of(hgrm + "-commit-to-release.hgrm"));
            }
            say(reading);
            return 0;
        }
    }

    private GateReading read(JournalReader reader) {
        JournalEntry entry = new JournalEntry();
        long first = reader.read(filter.first(), entry) ? entry.epochNanos() : 0;
        long span = reader.read(filter.last(), entry) ? Math.max(0, entry.epochNanos() - first) : 0;
        long window = windowNanos != null ? windowNanos : Math.max(1, (span / WINDOWS + NANOS - 1) / NANOS) * NANOS;
        GateReading reading = new GateReading(first, span, window);
        try (Progress progress = Progress.on(spec.commandLine().getErr(), filter.last() - filter.first() + 1)) {
            reading.read(reader, filter, progress);
        }
        return reading;
    }

    private void print(GateReading reading) {
        Lines lines = new Lines(spec.commandLine().getOut());
        if (!json) {
            lines.add("                                                                capture to commit, us           commit to release, us   released together").end();
            lines.add("FROM                           PACKETS   PACKETS/S     KB/S       p50      p99      max        p50      p99      max        p50      max").end();
        }
        for (Window each : reading.windows()) {
            line(each, false, lines);
        }
        line(reading.all(), true, lines);
        lines.flush();
    }

    private void line(Window each, boolean all, Lines to) {
        if (json) {
            object(each, all, to);
            return;
        }
        if (all) {
            to.add("all").column(26);
        } else {
            to.add(TimeText.of(each.startEpochNanos())).column(26);
        }
        to.add(each.packets(), 12).add(Math.round(each.packetsPerSecond()), 12).add(Math.round(each.bytes() / each.seconds() / 1000), 9);
        micros(each.captureToCommit(), to);
        micros(each.commitToRelease(), to.add("  "));
        if (each.releasedTogether().getTotalCount() > 0) {
            to.add("  ").add(each.releasedTogether().getValueAtPercentile(50), 9).add(each.releasedTogether().getMaxValue(), 9);
        }
        to.end();
    }

    private static void micros(Histogram histogram, Lines to) {
        if (histogram.getTotalCount() == 0) {
            to.add("         -        -        -");
            return;
        }
        to.add(Math.round(histogram.getValueAtPercentile(50) / NANOS_PER_US), 10)
                .add(Math.round(histogram.getValueAtPercentile(99) / NANOS_PER_US), 9)
                .add(Math.round(histogram.getMaxValue() / NANOS_PER_US), 9);
    }

    private void object(Window each, boolean all, Lines to) {
        to.add("{\"all\":").add(all ? "true" : "false").add(",\"from\":\"");
        time.add(each.startEpochNanos(), to);
        to.add("\",\"seconds\":").add(Double.toString(each.seconds())).add(",\"entries\":").add(each.entries()).add(",\"packets\":")
                .add(each.packets()).add(",\"bytes\":").add(each.bytes());
        histogram("captureToCommitNanos", each.captureToCommit(), to);
        histogram("commitToReleaseNanos", each.commitToRelease(), to);
        histogram("releasedTogether", each.releasedTogether(), to);
        to.add('}').end();
    }

    private static void histogram(String name, Histogram histogram, Lines to) {
        to.add(",\"").add(name).add("\":{\"count\":").add(histogram.getTotalCount()).add(",\"p50\":").add(histogram.getValueAtPercentile(50))
                .add(",\"p90\":").add(histogram.getValueAtPercentile(90)).add(",\"p99\":").add(histogram.getValueAtPercentile(99))
                .add(",\"p99.9\":").add(histogram.getValueAtPercentile(99.9)).add(",\"max\":").add(histogram.getMaxValue()).add('}');
    }

    private void draw(GateReading reading) throws IOException {
        try (OutputFile file = new OutputFile(plot)) {
            StatsPlot.write(reading, plot, file.partial());
            file.done();
        }
    }

    private static void write(Histogram histogram, Path to) throws IOException {
        try (OutputFile file = new OutputFile(to)) {
            try (PrintStream out = new PrintStream(file.partial().toFile(), StandardCharsets.US_ASCII)) {
                histogram.outputPercentileDistribution(out, NANOS_PER_US);
                if (out.checkError()) { // a PrintStream throws nothing
                    throw new IOException("cannot write " + to);
                }
            }
            file.done();
        }
    }

    private void say(GateReading reading) {
        if (reading.statistics() == 0) {
            spec.commandLine().getErr().println("nothing was journaled here about how long packets waited");
        }
        if (reading.unreadable() > 0) {
            spec.commandLine().getErr().println(reading.unreadable() + " entries of kind STATISTICS are not what they should be");
        }
        if (reading.outside() > 0) {
            spec.commandLine().getErr().println(reading.outside() + " entries belong to no window shown: choose a longer --window");
        }
    }
}
