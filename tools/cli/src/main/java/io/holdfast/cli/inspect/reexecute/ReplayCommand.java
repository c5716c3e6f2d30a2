package io.holdfast.cli.inspect.reexecute;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.doctor.CapabilityException;
import io.holdfast.cli.doctor.Privileges;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.OutputFile;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.restore.checkpoint.CheckpointDamagedException;
import io.holdfast.restore.checkpoint.CheckpointSections;
import io.holdfast.restore.checkpoint.CheckpointStore;
import io.holdfast.restore.checkpoint.Manifest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect replay}: a stretch of a journal, executed again. */
@Command(name = "replay", mixinStandardHelpOptions = true,
        description = "Execute a stretch of a journal again: restore a checkpoint in a sandbox without a way out, give the "
                + "workload what clients sent, and report what it answers. Journal and checkpoints are only read.",
        footer = {"", "Examples:",
                "  holdfast inspect replay /var/lib/holdfast/redis/journal --from 2819",
                "  holdfast inspect replay DIR --from 2819 --to 9000 --json --pcap /tmp/both.pcapng",
                "  holdfast inspect replay DIR --from 2819 --break-at 5000    # then look at the process",
                "", "Exit code: 0 the workload answered as much as clients acknowledged, 1 it did not, 2 it could not be tried."})
public final class ReplayCommand implements Callable<Integer> {
    private static final String MAX = "max";
    private static final String RECORDED = "recorded";
    private static final int NOT_POSSIBLE = 2;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Option(names = "--from", paramLabel = "CHECKPOINT", description = "index of the checkpoint's mark; without it, lists what there is")
    private Long from;

    @Option(names = "--to", paramLabel = "INDEX", description = "last entry to give; without it, as far as the group had committed")
    private Long to;

    @Option(names = "--break-at", paramLabel = "INDEX",
            description = "stop behind this entry and leave the workload to a debugger or a client, until Ctrl-C")
    private Long breakAt;

    @Option(names = "--connect", description = "leave the workload running at the end, until Ctrl-C, and say how to reach it")
    private boolean connect;

    @Option(names = "--checkpoints", paramLabel = "DIR", description = "the node's checkpoints; 'checkpoints' beside the journal")
    private Path checkpoints;

    @Option(names = "--speed", paramLabel = "max|recorded|N", defaultValue = MAX,
            description = "as fast as the workload takes it (default), as recorded, or N times as fast")
    private String speed;

    @Option(names = "--pcap", paramLabel = "FILE", description = "write both directions there as pcapng")
    private Path pcap;

    @Option(names = "--criu", paramLabel = "PATH", defaultValue = "/opt/holdfast/criu/bin/criu",
            description = "the CRIU command (default: ${DEFAULT-VALUE})")
    private String criu;

    @Option(names = "--json", description = "report as one JSON object")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        double times = times();
        long last = last();
        Path directory = journal.dir().toAbsolutePath();
        Path store = (checkpoints == null ? directory.resolveSibling("checkpoints") : checkpoints).toAbsolutePath();
        try {
            requireRoot();
            List<Long> held = CheckpointStore.readOnly(store).list();
            if (from == null || !held.contains(from)) {
                spec.commandLine().getErr().println((from == null ? "--from is missing" : "there is no checkpoint " + from)
                        + "; in " + store + " there are " + held);
                return NOT_POSSIBLE;
            }
            Manifest manifest = Manifest.fromJson(CheckpointStore.readOnly(store).manifestJson(from));
            SandboxLayout layout = new SandboxLayout(directory, store, pcap == null ? null : pcapDirectory(),
                    CheckpointSections.of(manifest).place());
            if (pcap == null) {
                return replay(layout, request(last, times, null));
            }
            try (OutputFile file = new OutputFile(pcap.toAbsolutePath())) {
                int exitCode = replay(layout, request(last, times, file.partial()));
                file.done();
                return exitCode;
            }
        } catch (SandboxException | CheckpointDamagedException e) {
            // The sandbox has other names for the two directories.
            spec.commandLine().getErr().println(e.getMessage().replace(SandboxLayout.JOURNAL.toString(), directory.toString())
                    .replace(SandboxLayout.CHECKPOINTS.toString(), store.toString()));
            return NOT_POSSIBLE;
        }
    }

    private SandboxRequest request(long last, double times, Path packets) {
        return new SandboxRequest(from, last, times, packets == null ? null : packets.getFileName().toString(), criu,
                connect || breakAt != null);
    }

    private static void requireRoot() {
        try {
            new Privileges().tryOut();
        } catch (CapabilityException e) {
            throw new SandboxException("namespaces and CRIU need root: " + e.getMessage(), e);
        }
    }

    private int replay(SandboxLayout layout, SandboxRequest request) throws IOException {
        Sandbox sandbox = Sandbox.start(layout, request);
        Thread onSignal = new Thread(sandbox::close, "end-sandbox");
        Runtime.getRuntime().addShutdownHook(onSignal);
        try {
            ReexecutionReport report;
            try (Progress progress = Progress.waiting(spec.commandLine().getErr(), "executing in the sandbox")) {
                report = sandbox.await();
            }
            print(report, layout);
            if (request.stay()) {
                sayHowToConnect(sandbox, report, layout);
                sandbox.awaitEnd();
            }
            return report.agrees() ? 0 : 1;
        } finally {
            sandbox.close();
            forget(onSignal);
        }
    }

    private static void forget(Thread onSignal) {
        try {
            Runtime.getRuntime().removeShutdownHook(onSignal);
        } catch (IllegalStateException shuttingDown) {
            // It runs already, and does what was done here.
        }
    }

    private void print(ReexecutionReport report, SandboxLayout layout) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(new ObjectMapper().writeValueAsString(report));
        } else {
            ReexecutionText.print(report, layout.place(), out);
        }
        out.flush();
    }

    private void sayHowToConnect(Sandbox sandbox, ReexecutionReport report, SandboxLayout layout) {
        long pid = sandbox.outsidePid(report.workloadPid())
                .orElseThrow(() -> new SandboxException("the workload has ended by itself"));
        PrintWriter err = spec.commandLine().getErr();
        err.printf("stopped behind entry %d; the workload runs as process %d, the first of its PID namespace%n", report.lastIndex(), pid);
        err.printf("  debug it    gdb -p %d%n", pid);
        err.printf("  talk to it  nsenter -t %d -n CLIENT, address %s, e.g. nsenter -t %d -n ss -tln%n", pid,
                layout.place().virtualAddress(), pid);
        err.printf("  its files   nsenter -t %d -m ls -l %s%n", pid, String.join(" ", layout.place().dataDirectories()));
        err.println("  end it      Ctrl-C");
        err.flush();
    }

    private double times() {
        try {
            double times = switch (speed) {
                case MAX -> 0;
                case RECORDED -> 1;
                default -> Double.parseDouble(speed);
            };
            if (times >= 0 && Double.isFinite(times) && (times > 0 || speed.equals(MAX))) {
                return times;
            }
        } catch (NumberFormatException e) {
            // Told below, with all that is no speed.
        }
        throw new ParameterException(spec.commandLine(), "--speed is max, recorded or a number above 0, not " + speed);
    }

    private long last() {
        if (breakAt != null && to != null) {
            throw new ParameterException(spec.commandLine(), "--break-at and --to both say where it ends");
        }
        if (breakAt != null) {
            return breakAt;
        }
        return to == null ? 0 : to;
    }

    private Path pcapDirectory() {
        Path directory = pcap.toAbsolutePath().getParent();
        if (!Files.isDirectory(directory)) {
            throw new ParameterException(spec.commandLine(), "--pcap: there is no directory " + directory);
        }
        return directory;
    }
}
