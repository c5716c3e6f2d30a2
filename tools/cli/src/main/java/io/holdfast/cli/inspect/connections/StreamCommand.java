package io.holdfast.cli.inspect.connections;

import io.holdfast.cli.inspect.ConnectionName;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.OutputFile;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect stream}: what one client sent, put together as the server's stack does. */
@Command(name = "stream", mixinStandardHelpOptions = true,
        description = "Print the bytes one client sent, in order and each once; repeats and overlaps are resolved as the Linux stack does.",
        footer = {"", "Examples:",
                "  holdfast inspect stream DIR 10.0.0.7:40312",
                "  holdfast inspect stream DIR '10.0.0.7:40312->10.0.0.100:6379#2' --hex",
                "  holdfast inspect stream DIR 10.0.0.7:40312 -o sent.bin",
                "", "Exit code: 0 printed, 1 there is no such connection or bytes are missing, 2 the journal could not be read."})
public final class StreamCommand implements Callable<Integer> {
    private static final int FIRST = 1;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Parameters(index = "1", paramLabel = "CLIENT:PORT[->SERVER:PORT][#N]",
            description = "the connection; #2 the second with the same ports, as 'connections' names them")
    private String wanted;

    @Option(names = "--hex", description = "as a hex dump")
    private boolean hex;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", description = "write to this file instead of standard output")
    private Path output;

    @Override
    public Integer call() throws IOException {
        ConnectionName name;
        int ordinal;
        try {
            int hash = wanted.indexOf('#');
            name = ConnectionName.parse(hash < 0 ? wanted : wanted.substring(0, hash));
            ordinal = hash < 0 ? FIRST : Integer.parseInt(wanted.substring(hash + 1));
        } catch (picocli.CommandLine.TypeConversionException | NumberFormatException e) {
            throw new ParameterException(spec.commandLine(), "'" + wanted + "' names no connection: " + e.getMessage(), e);
        }
        try (JournalReader reader = journal.open()) {
            TrackedConnection found = output == null ? toStandardOutput(reader, name, ordinal) : toFile(reader, name, ordinal);
            return report(found);
        }
    }

    private TrackedConnection toStandardOutput(JournalReader reader, ConnectionName name, int ordinal) throws IOException {
        if (hex) {
            Lines lines = new Lines(spec.commandLine().getOut());
            HexRows rows = new HexRows(lines);
            TrackedConnection found = read(reader, name, ordinal, rows);
            rows.end();
            return found;
        }
        OutputStream out = new BufferedOutputStream(System.out, 1 << 16);
        TrackedConnection found = read(reader, name, ordinal, rawSink(out));
        out.flush();
        return found;
    }

    private TrackedConnection toFile(JournalReader reader, ConnectionName name, int ordinal) throws IOException {
        try (OutputFile file = new OutputFile(output)) {
            TrackedConnection found;
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file.partial()), 1 << 16)) {
                if (hex) {
                    Lines lines = new Lines(new PrintWriter(out, false, StandardCharsets.US_ASCII));
                    HexRows rows = new HexRows(lines);
                    found = read(reader, name, ordinal, rows);
                    rows.end();
                    if (lines.isBroken()) { // a PrintWriter throws nothing
                        throw new IOException("cannot write " + output);
                    }
                } else {
                    found = read(reader, name, ordinal, rawSink(out));
                }
            }
            if (found != null) {
                file.done();
            }
            return found;
        }
    }

    private static InboundStream.Sink rawSink(OutputStream out) {
        return (bytes, offset, length) -> {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    private TrackedConnection read(JournalReader reader, ConnectionName name, int ordinal, InboundStream.Sink sink) {
        ConnectionKey[] chosen = new ConnectionKey[1];
        ConnectionTracker tracker = new ConnectionTracker((key, number) -> {
            if (number != ordinal || chosen[0] != null) {
                return null;
            }
            chosen[0] = key;
            return sink;
        });
        JournalEntry entry = new JournalEntry();
        PacketView packet = new PacketView();
        EntryCursor cursor = reader.forward(reader.firstIndex());
        try (Progress progress = Progress.on(spec.commandLine().getErr(), reader.lastIndex() - reader.firstIndex() + 1)) {
            while (cursor.next(entry)) {
                progress.step();
                packet.view(entry);
                if (!packet.hasPorts() || name.matches(packet)) {
                    tracker.add(entry, packet);
                }
            }
        }
        return tracker.connections().stream().filter(each -> each.ordinal() == ordinal && each.key().equals(chosen[0])).findFirst()
                .orElse(null);
    }

    private int report(TrackedConnection found) {
        if (found == null) {
            spec.commandLine().getErr().println("there is no connection " + wanted + ": see 'holdfast inspect connections'");
            return 1;
        }
        InboundStream stream = found.stream();
        spec.commandLine().getErr().println(found.name() + ": " + found.receivedBytes() + " bytes, "
                + (found.begunBefore() ? "its beginning is not in the journal, " : "") + found.state()
                + (found.reason().isEmpty() ? "" : " (" + found.reason() + ")"));
        if (stream == null) {
            return 0;
        }
        if (stream.conflictingBytes() > 0) {
            spec.commandLine().getErr().println(stream.conflictingBytes() + " bytes came twice and were not the same: the server may have "
                    + "read the others");
        }
        if (stream.waitingBytes() + stream.droppedSegments() > 0) {
            spec.commandLine().getErr().println(stream.waitingBytes() + " more bytes stand behind a gap at byte " + stream.lengthBytes()
                    + ": the server has not read them");
            return 1;
        }
        return 0;
    }
}
