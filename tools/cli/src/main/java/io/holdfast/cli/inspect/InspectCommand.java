package io.holdfast.cli.inspect;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalException;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** {@code holdfast inspect}: lists the entries of a journal without writing to it, also beside a running node. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "List the entries of a journal; never writes to it.",
        footer = {"", "Examples:",
                "  holdfast inspect /var/lib/holdfast/redis/journal --limit 20",
                "  holdfast inspect DIR --from 1000 --to 1100 --json",
                "", "Exit code: 0 listed, 2 the journal could not be read."})
public final class InspectCommand implements Callable<Integer> {
    private static final String CYCLE_FILE = ".cq4";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "JOURNAL_DIR", description = "the journal's directory")
    private Path dir;

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
        if (!Files.isDirectory(dir) || !holdsCycleFiles()) {
            spec.commandLine().getErr().println(dir + " is not a journal: it is the directory 'journal' of a service, "
                    + "with files that end in " + CYCLE_FILE);
            return 2;
        }
        try (JournalReader reader = JournalReader.open(dir)) {
            list(reader, spec.commandLine().getOut());
            return 0;
        } catch (JournalException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 2;
        }
    }

    private boolean holdsCycleFiles() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(CYCLE_FILE));
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
