package io.holdfast.benchmarks;

import io.holdfast.benchmarks.append.AppendCommand;
import io.holdfast.benchmarks.group.CommitCommand;
import io.holdfast.benchmarks.group.ElectionCommand;
import io.holdfast.benchmarks.inspect.InspectBenchCommand;
import io.holdfast.benchmarks.inspect.ReplayCommand;
import io.holdfast.benchmarks.protect.ProtectCommand;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast bench}: every benchmark is a subcommand. Owned by the main thread. */
@Command(name = "bench",
        description = "Measures Holdfast on this machine against what one would use instead.",
        subcommands = {ProtectCommand.class, AppendCommand.class, InspectBenchCommand.class, CommitCommand.class, ReplayCommand.class, ElectionCommand.class})
public final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this and end")
    private boolean help;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to measure: see the commands below");
    }

    public static void main(String... arguments) {
        int exitCode = new CommandLine(new BenchCommand()).setOut(new PrintWriter(System.out, true))
                .setErr(new PrintWriter(System.err, true)).execute(arguments);
        System.exit(exitCode);
    }
}
