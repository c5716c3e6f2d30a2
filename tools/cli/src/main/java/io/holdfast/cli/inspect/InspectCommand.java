package io.holdfast.cli.inspect;

import io.holdfast.cli.inspect.connections.ConnectionsCommand;
import io.holdfast.cli.inspect.connections.StreamCommand;
import io.holdfast.cli.inspect.describe.DescribeCommand;
import io.holdfast.cli.inspect.diff.DiffCommand;
import io.holdfast.cli.inspect.export.ExportCommand;
import io.holdfast.cli.inspect.reexecute.ReplayCommand;
import io.holdfast.cli.inspect.stats.StatsCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect}: what an auditor asks of a journal; every question is a subcommand, and none writes to it. */
@Command(name = "inspect", mixinStandardHelpOptions = true,
        description = "Read a journal, also beside the node that writes it; never writes to it.",
        subcommands = {
            DescribeCommand.class,
            ListCommand.class,
            ConnectionsCommand.class,
            StreamCommand.class,
            DiffCommand.class,
            StatsCommand.class,
            ExportCommand.class,
            ReplayCommand.class,
            ShowCommand.class,
            FollowCommand.class,
            VerifyCommand.class,
        },
        footer = {"", "JOURNAL is the directory 'journal' of a service, or a copy of it.", "", "Examples:",
                "  holdfast inspect list /var/lib/holdfast/redis/journal --limit 20",
                "", "Exit code: 0 done, 1 the answer is no, 2 the journal could not be read."})
public final class InspectCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a question is missing: see the commands below");
    }
}
