package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code holdfast inspect follow}: entries as a live node appends them. */
@Command(name = "follow", mixinStandardHelpOptions = true,
        description = "Print entries as a node appends them, from the end on or from --from. Ctrl-C ends it.",
        footer = {"", "Examples:",
                "  holdfast inspect follow DIR",
                "  holdfast inspect follow DIR --kind TAKEOVER_STEP --json"})
final class FollowCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Mixin
    private EntryFilter filter;

    @Option(names = "--limit", paramLabel = "N", description = "end after so many entries")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--json", description = "one JSON object a line")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        try (JournalReader reader = journal.open()) {
            filter.locate(reader);
            Lines lines = new Lines(spec.commandLine().getOut());
            EntryPrinter printer = new EntryPrinter(filter, EntryFormat.of(json), lines, limit);
            new Following(reader, filter, printer, lines, json)
                    .run(filter.hasFrom() ? filter.first() : reader.lastIndex() + 1);
            return 0;
        }
    }
}
