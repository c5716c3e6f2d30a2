package io.holdfast.benchmarks.group;

import io.holdfast.benchmarks.BenchOptions;
import io.holdfast.benchmarks.BenchResult;
import io.holdfast.benchmarks.CpuShares;
import io.holdfast.benchmarks.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast bench commit}: from an offer at the leader to its commit there. Owned by the main thread. */
@Command(name = "commit",
        description = "Three processes on this machine: from an entry's offer at the leader until its commit is known there.")
public final class CommitCommand implements Callable<Integer> {
    private static final int AT_ONCE = 1024;
    private static final List<Kind> OTHERS = Stream.of(Kind.values()).filter(Kind::isBaseline).toList();

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchOptions options;

    @Option(names = "--against", split = ",", paramLabel = "NAME", description = "only these: ${COMPLETION-CANDIDATES}")
    private List<Kind> against = OTHERS;

    @Option(names = "--bytes", split = ",", paramLabel = "N", description = "sizes of entries; default: 256 and 1400")
    private List<Integer> sizes = List.of(256, 1400);

    @Option(names = "--rounds", paramLabel = "N", description = "rounds, in which all take turns; default: 3, quick: 1")
    private Integer rounds;

    @Option(names = "--millis", paramLabel = "N", description = "how long each turn is; default: 1500, quick: 300")
    private Integer millis;

    @Option(names = "--profile", description = "show which threads took how much CPU time for an entry, in the last round")
    private boolean profile;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(out, spec.commandLine().getErr());
        List<BenchResult> results = new ArrayList<>();
        for (Kind baseline : against) {
            spec.commandLine().getErr().println("bench: commit, Holdfast against " + baseline.title());
            CommitFigures figures = measure(baseline);
            figures.print(out, baseline);
            results.addAll(figures.results(baseline));
        }
        report.printEnvironment();
        report.write(options.json(), "commit", results, Map.of("durability", durability(), "turnMillis", turnMillis(), "rounds", roundCount()));
        return 0;
    }

    private CommitFigures measure(Kind baseline) throws Exception {
        Path top = Files.createTempDirectory("holdfast-bench-commit");
        List<MemberGroup> groups = new ArrayList<>();
        try {
            for (Kind kind : List.of(Kind.HOLDFAST, Kind.HOLDFAST_OPEN, baseline, Kind.UDP)) {
                groups.add(MemberGroup.start(kind, Timing.PATIENT, FreePorts.onLoopback(), top.resolve(kind.name()), name -> List.of()));
            }
            return turns(groups);
        } finally {
            groups.forEach(MemberGroup::close);
            remove(top);
        }
    }

    private CommitFigures turns(List<MemberGroup> groups) throws Exception {
        CommitFigures figures = new CommitFigures();
        for (MemberGroup group : groups) {
            for (LoadShape shape : shapes(group.kind())) {
                group.load(options.quick() ? shape : shape.lasting(turnMillis() * 2));
            }
        }
        for (int round = 0; round < roundCount(); round++) {
            for (int i = 0; i < shapes(Kind.HOLDFAST).size(); i++) {
                for (MemberGroup group : groups) {
                    boolean shown = profile && round == roundCount() - 1;
                    LoadShape shape = shapes(group.kind()).get(i);
                    figures.add(group.kind(), shapes(Kind.HOLDFAST).get(i), shown ? profiled(group, shape) : group.load(shape));
                }
            }
        }
        return figures;
    }

    private LoadOutcome profiled(MemberGroup group, LoadShape shape) throws IOException, InterruptedException {
        Map<String, List<Long>> processes = group.processes();
        CpuShares before = CpuShares.now(processes);
        LoadOutcome outcome = group.load(shape);
        CpuShares after = CpuShares.now(processes);
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%s, %d bytes, %s:%n%s", group.kind().title(), shape.bytes(), shape.title(), outcome == null ? "lost\n"
                : after.since(before, outcome.committed()));
        return outcome;
    }

    /** A socket's buffer holds few datagrams, and one that is lost is not sent again. */
    private List<LoadShape> shapes(Kind kind) {
        List<LoadShape> shapes = new ArrayList<>();
        for (int bytes : sizes) {
            shapes.add(new LoadShape(bytes, 0, 1, turnMillis()));
            shapes.add(new LoadShape(bytes, 1_000, AT_ONCE, turnMillis()));
            shapes.add(new LoadShape(bytes, 10_000, AT_ONCE, turnMillis()));
            shapes.add(new LoadShape(bytes, 0, kind == Kind.UDP ? 16 : AT_ONCE, turnMillis()));
        }
        return shapes;
    }

    private int turnMillis() {
        return millis != null ? millis : options.quick() ? 300 : 1500;
    }

    private int roundCount() {
        return rounds != null ? rounds : options.quick() ? 1 : 3;
    }

    private static Map<String, String> durability() {
        Map<String, String> told = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
            told.put(kind.title(), kind.durability());
        }
        return told;
    }

    static void remove(Path top) throws IOException {
        try (Stream<Path> files = Files.walk(top)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
