package io.holdfast.cli.inspect.describe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect describe}: what is in a journal, on one screen. */
@Command(name = "describe", mixinStandardHelpOptions = true,
        description = "Sum up a journal: nodes, terms and leaders, entries, checkpoints, takeovers, connections, gaps.",
        footer = {"", "Examples:",
                "  holdfast inspect describe /var/lib/holdfast/redis/journal",
                "  holdfast inspect describe DIR --json | jq .takeovers"})
public final class DescribeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Option(names = "--json", description = "one JSON object, with all of it")
    private boolean json;

    @Option(names = "--all", description = "all terms, checkpoints and takeovers, not the newest ten of each")
    private boolean all;

    @Override
    public Integer call() throws JsonProcessingException {
        try (JournalReader reader = journal.open()) {
            Describer describer = new Describer();
            JournalEntry entry = new JournalEntry();
            PacketView packet = new PacketView();
            EntryCursor cursor = reader.forward(reader.firstIndex());
            try (Progress progress = Progress.on(spec.commandLine().getErr(), reader.lastIndex() - reader.firstIndex() + 1)) {
                while (cursor.next(entry)) {
                    progress.step();
                    packet.view(entry);
                    describer.add(entry, packet);
                }
            }
            Description description = describer.done(journal.dir().toString(), reader);
            Lines lines = new Lines(spec.commandLine().getOut());
            if (json) {
                lines.add(new ObjectMapper().writeValueAsString(description)).end();
            } else {
                new DescriptionText(lines, all).print(description);
            }
            lines.flush();
            return 0;
        }
    }
}
