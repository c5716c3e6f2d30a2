package io.holdfast.cli;

import io.holdfast.cli.demo.DemoCommand;
import io.holdfast.cli.doctor.DoctorCommand;
import io.holdfast.cli.inspect.InspectCommand;
import io.holdfast.cli.node.NodeCommand;
import io.holdfast.cli.status.CheckpointCommand;
import io.holdfast.cli.status.MemberCommand;
import io.holdfast.cli.status.StatusCommand;
import io.holdfast.cli.status.SwitchoverCommand;
import io.holdfast.consensus.security.KeyFileException;
import io.holdfast.journal.JournalException;
import io.holdfast.node.config.ConfigException;
import io.holdfast.restore.checkpoint.CheckpointDamagedException;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * The {@code holdfast} command: every subcommand is named here. Owned by the main thread.
 *
 * <p>Exit codes of all subcommands: 0 done, 1 not done or the answer is no, 2 wrong arguments or configuration.
 */
@Command(name = "holdfast", mixinStandardHelpOptions = true, versionProvider = HoldfastVersion.class,
        description = "Keeps the TCP connections of an unmodified server alive when its machine dies.",
        subcommands = {
            NodeCommand.class,
            DemoCommand.class,
            DoctorCommand.class,
            InspectCommand.class,
            StatusCommand.class,
            CheckpointCommand.class,
            KeygenCommand.class,
            SwitchoverCommand.class,
            MemberCommand.class,
            CompletionCommand.class,
            ManCommand.class,
        })
public final class HoldfastCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** Runs one command line and returns its exit code; what it prints goes to the two writers. */
    public static int execute(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine command = new CommandLine(new HoldfastCommand()).setOut(out).setErr(err)
                .setExecutionExceptionHandler(HoldfastCommand::onFailure);
        IParameterExceptionHandler withUsage = command.getParameterExceptionHandler();
        return command.setParameterExceptionHandler((wrong, given) -> onWrongFile(wrong) ? ExitCode.USAGE
                : withUsage.handleParseException(wrong, given)).execute(arguments);
    }

    /** The arguments are right, but not the file they name: how to call the command would bury what is wrong with it. */
    private static boolean onWrongFile(ParameterException wrong) {
        boolean file = wrong.getCause() instanceof KeyFileException || wrong.getCause() instanceof ConfigException;
        if (file) {
            wrong.getCommandLine().getErr().println(wrong.getMessage());
        }
        return file;
    }

    /** A journal that cannot be read, or a file that cannot be written, is a matter of the arguments: one line and no stack. */
    private static int onFailure(Exception failure, CommandLine command, ParseResult parsed) throws Exception {
        if (failure instanceof JournalException || failure instanceof CheckpointDamagedException) {
            command.getErr().println(failure.getMessage());
            return ExitCode.USAGE;
        }
        if (failure instanceof IOException && command.getParent().getCommandSpec().userObject() instanceof InspectCommand) {
            command.getErr().println(failure.getClass().getSimpleName() + ": " + failure.getMessage());
            return ExitCode.USAGE;
        }
        throw failure;
    }

    public static void main(String... arguments) {
        int exitCode = execute(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments);
        System.exit(exitCode);
    }
}
