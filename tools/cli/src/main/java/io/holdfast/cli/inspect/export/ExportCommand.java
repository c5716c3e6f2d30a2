package io.holdfast.cli.inspect.export;

import io.holdfast.cli.HoldfastVersion;
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
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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

    @Option(names = "--from", paramLabel = "INDEX", description = "first entry; the first there is")
    private Long from;

    @Option(names = "--to", paramLabel = "INDEX", description = "last entry; the last there is")
    private Long to;

    @Option(names = "--connection", paramLabel = "CLIENT[:PORT][->SERVER:PORT]",
            description = "only what this client sent, or only this connection")
    private String connection;

    @Option(names = "--fix-checksums", description = "finish checksums that a network card would have finished")
    private boolean fixChecksums;

    @Override
    public Integer call() throws IOException {
        ConnectionFilter filter = filter();
        try (JournalReader reader = journal.open()) {
            long first = Math.max(1, from == null ? reader.firstIndex() : Math.max(from, reader.firstIndex()));
            long last = to == null ? reader.lastIndex() : Math.min(to, reader.lastIndex());
            JournalExport.Summary summary = export(reader, filter, first, last);
            // The packets may go to standard output.
            PrintWriter messages = spec.commandLine().getErr();
            messages.printf("entries %d to %d: %d packets, %d bytes, %d other entries as comments%n", first, last,
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

    private ConnectionFilter filter() {
        try {
            return connection == null ? ConnectionFilter.ALL : ConnectionFilter.parse(connection);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--connection: " + e.getMessage(), e);
        }
    }

    private JournalExport.Summary export(JournalReader reader, ConnectionFilter filter, long first, long last)
            throws IOException {
        String about = "entries " + first + " to " + last + " of the journal " + journal.dir().toAbsolutePath()
                + (connection == null ? "" : ", only " + connection);
        if (output.equals(STANDARD_OUTPUT)) {
            return export(reader, filter, first, last, about, Channels.newChannel(System.out));
        }
        try (OutputFile file = new OutputFile(Path.of(output))) {
            JournalExport.Summary summary = export(reader, filter, first, last, about, FileChannel.open(file.partial(),
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING));
            file.done();
            return summary;
        }
    }

    private JournalExport.Summary export(JournalReader reader, ConnectionFilter filter, long first, long last, String about,
                                         WritableByteChannel to) throws IOException {
        try (PcapngWriter writer = new PcapngWriter(to, new HoldfastVersion().getVersion()[0], "journal", about);
             Progress progress = Progress.on(spec.commandLine().getErr(), last - first + 1)) {
            return new JournalExport(reader, filter, fixChecksums, writer).run(first, last, progress);
        }
    }
}
