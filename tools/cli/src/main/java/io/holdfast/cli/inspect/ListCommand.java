package io.holdfast.cli.inspect;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;

/** {@code holdfast inspect list}: the entries of a journal. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "List the entries of a journal.",
        footer = {"", "Examples:",
                "  holdfast inspect list /var/lib/holdfast/redis/journal --limit 20",
                "  holdfast inspect list DIR --from 1000 --to 1100 --json"})
final class ListCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Option(names = "--from", paramLabel = "INDEX", description = "first index to list; the first there is")
    private Long from;

    @Option(names = "--to", paramLabel = "INDEX", description = "last index to list; the last there is")
    private Long to;

    @Option(names = "--limit", paramLabel = "N", description = "at most so many entries, the newest ones")
    private Long limit;

    @Option(names = "--json", description = "one JSON object a line")
    private boolean json;

    private final ObjectMapper mapper = new ObjectMapper();

    @Override
    public Integer call() throws IOException {
        try (JournalReader reader = journal.open()) {
            list(reader, spec.commandLine().getOut());
            return 0;
        }
    }

    private void list(JournalReader reader, PrintWriter out) throws IOException {
        long last = to == null ? reader.lastIndex() : Math.min(to, reader.lastIndex());
        long first = from == null ? reader.firstIndex() : Math.max(from, reader.firstIndex());
        if (limit != null) {
            first = Math.max(first, last - limit + 1);
        }
        JournalEntry entry = new JournalEntry();
        for (long index = Math.max(first, 1); index <= last && !out.checkError(); index++) {
            if (reader.read(index, entry)) {
                out.println(json ? mapper.writeValueAsString(EntryLine.json(entry)) : EntryLine.text(entry));
            }
        }
    }
}
