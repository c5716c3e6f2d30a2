package io.holdfast.cli.inspect;

import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code holdfast inspect show}: one entry, its place and its bytes. */
@Command(name = "show", mixinStandardHelpOptions = true, description = "Show one entry: where it stands, and its bytes.",
        footer = {"", "Examples:", "  holdfast inspect show DIR 1042", "  holdfast inspect show DIR 1042 --json",
                "", "Exit code: 0 shown, 1 there is no such entry, 2 the journal could not be read."})
final class ShowCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Parameters(index = "1", paramLabel = "INDEX", description = "index of the entry")
    private long index;

    @Option(names = "--json", description = "the entry as 'list --json' gives it, without its bytes")
    private boolean json;

    @Override
    public Integer call() {
        try (JournalReader reader = journal.open()) {
            JournalEntry entry = new JournalEntry();
            if (!reader.read(index, entry)) {
                spec.commandLine().getErr().println("there is no entry " + index + ": the journal holds "
                        + reader.firstIndex() + " to " + reader.lastIndex());
                return 1;
            }
            show(reader, entry);
            return 0;
        }
    }

    private void show(JournalReader reader, JournalEntry entry) {
        Lines lines = new Lines(spec.commandLine().getOut());
        PacketView packet = new PacketView();
        EntryCursor cursor = reader.forward(index);
        cursor.next(entry);
        packet.view(entry);
        EntryFormat.of(json).print(entry, packet, lines);
        if (!json) {
            lines.add("file      ").add(cursor.file().toString()).add(" at byte ").add(cursor.offsetBytes()).end();
            lines.add("chain     ").add(Integer.toHexString(entry.chain())).end();
            lines.add("committed ").add(index <= reader.commitIndex() ? "yes" : "not as far as this journal knows").end();
            HexDump.print(entry.buffer(), entry.bodyOffset(), entry.bodyLength(), 0, lines);
        }
        lines.flush();
    }
}
