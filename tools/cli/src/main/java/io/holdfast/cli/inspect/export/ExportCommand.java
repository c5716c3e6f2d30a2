package io.holdfast.cli.inspect.export;

import io.holdfast.cli.HoldfastVersion;
import io.holdfast.cli.inspect.EntryFilter;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.OutputFile;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect export}: the packets of a journal as a file that Wireshark reads. */
@Command(name = "export", mixinStandardHelpOptions = true,
        description = "Write the packets of a journal as a pcapng file for Wireshark and tshark.",
        footer = {"", "What clients sent is in a journal, what they were answered is not: see 'holdfast inspect replay'.",
                "Each packet carries its entry as packet id and comment; marks, checkpoints and takeovers are comments",
                "of the packet after them.",
                "", "Examples:",
                "  holdfast inspect export /var/lib/holdfast/redis/journal -o /tmp/redis.pcapng",
                "  holdfast inspect export DIR --connection 10.0.0.7:40112 --fix-checksums -o - | tshark -r -"})
public final class ExportCommand implements Callable<Integer> {
    private static final String STANDARD_OUTPUT = "-";

    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", required = true,
            description = "where to write; - for standard output")
    private String output;

    @Mixin
    private EntryFilter filter;

    @Option(names = "--fix-checksums", description = "finish checksums that a network card would have finished")
    private boolean fixChecksums;

    @Override
    public Integer call() throws IOException {
        try (JournalReader reader = journal.open()) {
            filter.locate(reader);
            JournalExport.Summary summary = export(reader);
            // The packets may go to standard output.
            PrintWriter messages = spec.commandLine().getErr();
            messages.printf("entries %d to %d: %d packets, %d bytes, %d other entries as comments%n", filter.first(), filter.last(),
                    summary.packets(), summary.packetBytes(), summary.events());
            if (fixChecksums) {
                messages.printf("%d packets had unfinished checksums%n", summary.corrected());
            }
            if (summary.packets() == 0 && summary.events() > 0) {
                messages.println("there is no packet that their comments could stand at");
            }
            return 0;
        }
    }

    private JournalExport.Summary export(JournalReader reader) throws IOException {
        if (output.equals(STANDARD_OUTPUT)) {
            return export(reader, Channels.newChannel(System.out));
        }
        try (OutputFile file = new OutputFile(Path.of(output))) {
            JournalExport.Summary summary = export(reader, FileChannel.open(file.partial(), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING));
            file.done();
            return summary;
        }
    }

    private JournalExport.Summary export(JournalReader reader, WritableByteChannel to) throws IOException {
        try (PcapngWriter writer = new PcapngWriter(to, new HoldfastVersion().getVersion()[0], "journal", about());
             Progress progress = Progress.on(spec.commandLine().getErr(), filter.last() - filter.first() + 1)) {
            return new JournalExport(reader, filter, fixChecksums, writer).run(progress);
        }
    }

    /** What the file says about itself: where it is from, and what was asked for. */
    private String about() {
        String asked = spec.commandLine().getParseResult().matchedOptions().stream()
                .filter(each -> spec.mixins().get("filter").findOption(each.longestName()) != null)
                .map(each -> each.longestName() + " " + String.join(",", each.originalStringValues())).collect(Collectors.joining(" "));
        return "entries " + filter.first() + " to " + filter.last() + " of the journal " + journal.dir().toAbsolutePath()
                + (asked.isEmpty() ? "" : ", only " + asked);
    }
}
