package io.holdfast.cli.inspect.diff;

import io.holdfast.cli.inspect.EntryFormat;
import io.holdfast.cli.inspect.EntryJson;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect diff}: whether the nodes of a group remember the same. */
@Command(name = "diff", mixinStandardHelpOptions = true,
        description = "Compare the journals of two or three nodes, entry by entry: the same up to where, and how they differ then.",
        footer = {"", "Examples:",
                "  holdfast inspect diff n1/journal n2/journal n3/journal",
                "", "Exit code: 0 the same; 1 one is shorter, or entries differ that were not committed; 2 a journal could not be read;",
                "3 COMMITTED ENTRIES DIFFER."})
public final class DiffCommand implements Callable<Integer> {
    private static final int COMMITTED_DIFFER = 3;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "2..3", paramLabel = "JOURNAL", description = "directories of journals")
    private List<Path> journals;

    @Option(names = "--json", description = "one JSON object")
    private boolean json;

    private final List<JournalReader> readers = new ArrayList<>();

    @Override
    public Integer call() {
        if (journals.size() < 2) {
            throw new ParameterException(spec.commandLine(), "there is nothing to compare with");
        }
        try {
            journals.forEach(dir -> readers.add(JournalArgument.open(dir)));
            Comparison comparison = compare();
            List<Cuts> cuts = journals.stream().map(Cuts::of).toList();
            Lines lines = new Lines(spec.commandLine().getOut());
            if (json) {
                object(comparison, cuts, lines);
            } else {
                text(comparison, cuts, lines);
            }
            lines.flush();
            return switch (comparison.verdict()) {
                case SAME -> 0;
                case LENGTH, TAIL -> 1;
                case COMMITTED -> COMMITTED_DIFFER;
            };
        } finally {
            readers.forEach(JournalReader::close);
        }
    }

    private Comparison compare() {
        long total = readers.stream().mapToLong(JournalReader::lastIndex).min().orElseThrow();
        try (Progress progress = Progress.on(spec.commandLine().getErr(), total)) {
            return new Comparison(readers).run(progress);
        }
    }

    private void text(Comparison comparison, List<Cuts> cuts, Lines to) {
        if (comparison.verdict() == Comparison.Verdict.COMMITTED) {
            to.add("COMMITTED ENTRIES DIFFER: these nodes have not agreed on what happened.").end();
        }
        same(comparison, to);
        if (comparison.differences() > 0) {
            to.add(comparison.differences()).add(" entries differ; the first:").end();
            comparison.differing().forEach(index -> entries(index, to));
        }
        for (int i = 0; i < journals.size(); i++) {
            JournalReader reader = readers.get(i);
            to.add(journals.get(i).toString()).add(": entries ").add(reader.firstIndex()).add(" to ").add(reader.lastIndex())
                    .add(", committed to ").add(comparison.committed(i));
            long more = reader.lastIndex() - comparison.last();
            if (more > 0) {
                to.add(", ").add(more).add(" more than the shortest");
            }
            to.end();
            for (Cuts.Cut cut : cuts.get(i).newest()) {
                to.add("    cut off: entries ").add(cut.from()).add(" to ").add(cut.to()).add(" of term ").add(cut.term()).end();
            }
            if (cuts.get(i).count() > cuts.get(i).newest().size()) {
                to.add("    and ").add(cuts.get(i).count() - cuts.get(i).newest().size()).add(" older branches").end();
            }
        }
    }

    private static void same(Comparison comparison, Lines to) {
        if (comparison.first() > comparison.last()) {
            to.add("no entry is held by all").end();
            return;
        }
        long until = comparison.differing().isEmpty() ? comparison.last() : comparison.differing().get(0) - 1;
        if (until < comparison.first()) {
            to.add("different from entry ").add(comparison.first()).add(" on, the first all hold").end();
        } else {
            to.add("the same from entry ").add(comparison.first()).add(" to ").add(until)
                    .add(comparison.differing().isEmpty() ? ", the last all hold" : "").end();
        }
    }

    private void entries(long index, Lines to) {
        JournalEntry entry = new JournalEntry();
        PacketView packet = new PacketView();
        EntryFormat format = EntryFormat.of(false);
        for (int i = 0; i < readers.size(); i++) {
            to.add(journals.get(i).toString()).end();
            if (readers.get(i).read(index, entry)) {
                packet.view(entry);
                to.add("    ");
                format.print(entry, packet, to);
            }
        }
    }

    private void object(Comparison comparison, List<Cuts> cuts, Lines to) {
        to.add("{\"verdict\":\"").add(comparison.verdict().name()).add("\",\"first\":").add(comparison.first()).add(",\"last\":")
                .add(comparison.last()).add(",\"differences\":").add(comparison.differences()).add(",\"differing\":")
                .add(comparison.differing().toString().replace(" ", "")).add(",\"journals\":[");
        for (int i = 0; i < journals.size(); i++) {
            JournalReader reader = readers.get(i);
            to.add(i == 0 ? "" : ",").add("{\"journal\":\"").add(EntryJson.quoted(journals.get(i).toString())).add("\",\"first\":")
                    .add(reader.firstIndex()).add(",\"last\":").add(reader.lastIndex()).add(",\"committed\":")
                    .add(comparison.committed(i)).add(",\"cuts\":").add(cuts.get(i).count()).add('}');
        }
        to.add("]}").end();
    }
}
