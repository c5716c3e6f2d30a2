package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.demo.Timeline.Tone;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Fault;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.cli.testbed.Testbed;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast demo}: three nodes, a Redis, counting clients, and a primary that dies. Owned by the main thread. */
@Command(name = "demo", mixinStandardHelpOptions = true,
        description = {"Shows a takeover on this machine: three nodes in namespaces of their own protect a Redis,",
            "clients count on it, the primary dies, and every answer is checked."},
        footer = "Exit code 0: nothing wrong, lost or broken. 1: not so. 2: it cannot run here.")
public final class DemoCommand implements Callable<Integer> {

    /** Where the set-up puts the CRIU it installs. */
    private static final Path CRIU = Path.of("/opt/holdfast/criu/bin/criu");
    private static final Path REDIS = Path.of("/usr/bin/redis-server");
    private static final int NODES = 3;

    /** What {@code --checkpoint} takes. */
    enum CheckpointChoice { CRIU, NONE, AUTO }

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", paramLabel = "FILE", description = "write the verdict there too, for machines")
    private Path json;

    @Option(names = "--kill", paramLabel = "N", defaultValue = "1",
            description = "so many takeovers in a row; the failed node rejoins in between (default: ${DEFAULT-VALUE})")
    private int kills;

    @Option(names = "--keep", description = "leave the cluster up at the end and say how to reach and remove it")
    private boolean keep;

    @Option(names = "--connections", paramLabel = "N", defaultValue = "8",
            description = "counting connections, half of them opened after the last checkpoint; one more pipelines"
                    + " (default: ${DEFAULT-VALUE})")
    private int connections;

    @Option(names = "--fault", paramLabel = "KIND", defaultValue = "crash",
            description = "what befalls the primary: crash, daemon, workload, link, freeze, switchover (default: ${DEFAULT-VALUE})")
    private String fault;

    @Option(names = "--checkpoint", paramLabel = "POLICY", defaultValue = "auto",
            description = "criu, none, or auto: criu where it works (default: ${DEFAULT-VALUE})")
    private String checkpoint;

    @Option(names = "--checkpoint-interval-ms", paramLabel = "MS", defaultValue = "10000",
            description = "how often the primary checkpoints by itself (default: ${DEFAULT-VALUE})")
    private long checkpointIntervalMs;

    @Option(names = "--think-us", paramLabel = "MICROS", defaultValue = "1000",
            description = "a connection's pause between answer and next question (default: ${DEFAULT-VALUE})")
    private long thinkMicros;

    @Option(names = "--evidence", paramLabel = "DIR",
            description = "where logs and journals go when the run fails (default: a new directory under /tmp)")
    private Path evidence;

    @Option(names = "--seed", paramLabel = "N", description = "repeats the choices of a run (default: a new one)")
    private Long seed;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Fault what = parse(Fault.class, "--fault", fault);
        CheckpointChoice choice = parse(CheckpointChoice.class, "--checkpoint", checkpoint);
        String obstacle = obstacle();
        if (obstacle != null) {
            spec.commandLine().getErr().println("The demo cannot run here: " + obstacle);
            return 2;
        }
        Timeline timeline = new Timeline(out, Timeline.coloursWanted(), System.nanoTime());
        DemoOptions options = options(what, choice, timeline);
        timeline.plain(Tone.PLAIN, "seed " + options.seed() + ", fault " + fault + ", checkpoints "
                + (options.checkpoints() ? "by CRIU" : "none"));
        try (Testbed testbed = Testbed.create(NODES)) {
            testbed.configure(layout -> ClusterSpec.redis(layout).withCheckpoint(
                    options.checkpoints() ? "criu" : "none", checkpointIntervalMs));
            Verdict verdict = new Demo(testbed, options, timeline).run();
            report(verdict, timeline, testbed);
            if (keep) {
                sayHowToReach(timeline, testbed.layout(), testbed.leaveUp());
            }
            return verdict.passed() ? 0 : 1;
        }
    }

    private DemoOptions options(Fault what, CheckpointChoice choice, Timeline timeline) {
        boolean checkpoints = switch (choice) {
            case CRIU -> true;
            case NONE -> false;
            case AUTO -> criuWorks(timeline);
        };
        try {
            return new DemoOptions(kills, connections, what, checkpoints, checkpointIntervalMs, thinkMicros, 16, keep,
                    seed != null ? seed : ThreadLocalRandom.current().nextInt(1_000_000));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private static boolean criuWorks(Timeline timeline) {
        String reason;
        if (!Files.isExecutable(CRIU)) {
            reason = "there is no " + CRIU;
        } else {
            SystemCommand.Result check = SystemCommand.attempt(CRIU.toString(), "check");
            if (check.exitCode() == 0) {
                return true;
            }
            reason = check.output().strip();
        }
        timeline.plain(Tone.ALARM, "CRIU does not work here (" + reason + "): the demo runs without checkpoints; an"
                + " elected standby starts a fresh workload and replays from the first entry.");
        return false;
    }

    private static String obstacle() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return "it needs root, to make network namespaces";
        }
        if (!Files.isExecutable(REDIS)) {
            return "there is no " + REDIS;
        }
        SystemCommand.Result namespaces = SystemCommand.attempt("unshare", "--net", "--mount", "true");
        return namespaces.exitCode() == 0 ? null : "no namespaces: " + namespaces.output().strip();
    }

    private void report(Verdict verdict, Timeline timeline, Testbed testbed) throws IOException {
        verdict.print(timeline);
        if (json != null) {
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), verdict.toJson());
        }
        if (!verdict.passed()) {
            Path directory = evidence != null ? evidence
                    : Path.of(System.getProperty("java.io.tmpdir"), "holdfast-evidence-" + testbed.layout().name());
            testbed.collectEvidence(directory);
            timeline.plain(Tone.ALARM, "Evidence (logs, journals, kernel state): " + directory);
        }
    }

    private static void sayHowToReach(Timeline timeline, Layout layout, String removeCommand) {
        String status = "./holdfast status --config " + layout.configFile(1);
        String inClient = "ip netns exec " + layout.clientNamespace() + " ";
        timeline.plain(Tone.STEP, "The cluster stays up.");
        timeline.plain(Tone.PLAIN, "  reach it     " + inClient + "redis-cli -h " + Layout.VIP);
        timeline.plain(Tone.PLAIN, "  its state    " + inClient + status);
        timeline.plain(Tone.PLAIN, "  its logs     " + layout.logs());
        timeline.plain(Tone.PLAIN, "  remove it    " + removeCommand);
    }

    private <E extends Enum<E>> E parse(Class<E> type, String option, String text) {
        try {
            return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), option + " knows no '" + text + "'", e);
        }
    }
}
