package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code holdfast inspect list}: the entries of a journal. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "List entries, oldest first.",
        footer = {"", "Examples:",
                "  holdfast inspect list DIR --reverse --limit 20",
                "  holdfast inspect list DIR --from -5m --kind TAKEOVER_STEP,CHECKPOINT_READY",
                "  holdfast inspect list DIR --connection 10.0.0.7:40312 --grep 'INCR|DECR' --json"})
final class ListCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Mixin
    private EntryFilter filter;

    @Option(names = "--reverse", description = "newest first")
    private boolean reverse;

    @Option(names = "--limit", paramLabel = "N", description = "at most so many entries")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--json", description = "one JSON object a line")
    private boolean json;

    @Option(names = "--follow", description = "go on with what is appended, as 'follow' does")
    private boolean follow;

    @Override
    public Integer call() throws InterruptedException {
        try (JournalReader reader = journal.open()) {
            filter.locate(reader);
            Lines lines = new Lines(spec.commandLine().getOut());
            EntryPrinter printer = new EntryPrinter(filter, EntryFormat.of(json), lines, limit);
            if (follow) {
                if (reverse) {
                    throw new picocli.CommandLine.ParameterException(spec.commandLine(), "--follow cannot go newest first");
                }
                new Following(reader, filter, printer, lines, json).run(filter.first());
            } else {
                printer.print(reader, filter.first(), filter.last(), reverse);
            }
            return 0;
        }
    }
}
