package io.holdfast.benchmarks.append;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.Report;
import io.holdfast.journal.Durability;
import io.holdfast.journal.Journal;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast bench append}: the journal's append beside those of jgroups-raft's logs. Owned by the main thread. */
@Command(name = "append",
        description = "Appends batches of entries, as durable as asked: the journal against jgroups-raft's FileBasedLog and InMemoryLog.")
public final class AppendCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--bytes", split = ",", paramLabel = "N", description = "sizes of entries; default: 64, 256 and 1400")
    private List<Integer> sizes = List.of(64, 256, 1400);

    @Option(names = "--batch", split = ",", paramLabel = "N", description = "entries at once; default: 1, 16 and 128")
    private List<Integer> batches = List.of(1, 16, 128);

    @Option(names = "--durability", split = ",", paramLabel = "NAME", description = "only these: ${COMPLETION-CANDIDATES}")
    private List<Durability> durabilities = List.of(Durability.values());

    @Option(names = "--per-second", paramLabel = "N", defaultValue = "0",
            description = "so many batches a second, timed from when each was due; default: one after the other")
    private int perSecond;

    @Option(names = "--rounds", paramLabel = "N", description = "rounds, in which all take turns; default: 4, quick: 2")
    private Integer rounds;

    @Option(names = "--millis", paramLabel = "N", description = "how long each turn is at most; default: 600, quick: 200")
    private Integer millis;

    @Override
    public Integer call() throws Exception {
        if (perSecond < 0) {
            throw new ParameterException(spec.commandLine(), "--per-second " + perSecond + " is less than 0");
        }
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        // Each turn opens a journal, which says so: nothing to read between figures.
        ((Logger) LoggerFactory.getLogger(Journal.class)).setLevel(Level.WARN);
        int roundCount = rounds != null ? rounds : options.quick() ? 2 : 4;
        int turnMillis = millis != null ? millis : options.quick() ? 200 : 600;
        List<AppendSetting> settings = settings();
        // The first round warms up the JVM.
        spec.commandLine().getErr().printf("bench: append, at most %d s%n",
                (roundCount + 1L) * settings.size() * Subject.values().length * turnMillis / 1000);
        AppendFigures figures = new AppendFigures();
        for (int round = 0; round <= roundCount; round++) {
            for (AppendSetting setting : settings) {
                for (Subject subject : Subject.values()) {
                    Turn turn = Turn.take(subject, setting, turnMillis);
                    if (round > 0) {
                        figures.add(subject, setting, turn);
                    }
                }
            }
        }
        figures.print(out);
        out.println("A batch is one operation: its entries appended and, with DISK, forced once. FileBasedLog forces each batch (DISK), nothing"
                + " (PROCESS), or is forced by a thread as often as the journal forces itself (INTERVAL). Ratios of times: less is better; of entries/s (last column): more. On " + Turn.fileSystem() + ".");
        report.printEnvironment();
        report.write(options.json(), "append", figures.results(), Map.of("fileSystem", Turn.fileSystem(), "rounds", roundCount, "turnMillis", turnMillis,
                "pageFaults", figures.faults()));
        return 0;
    }

    private List<AppendSetting> settings() {
        List<AppendSetting> settings = new ArrayList<>();
        for (Durability durability : durabilities) {
            for (int bytes : sizes) {
                for (int batch : batches) {
                    settings.add(new AppendSetting(durability, bytes, batch, perSecond));
                }
            }
        }
        return settings;
    }
}
