package io.holdfast.cli.inspect.export;

import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.journal.EntryKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {
    private static final int TCP_CHECKSUM_AT = 36;

    @TempDir
    Path top;

    /** A segment as a virtual interface hands it over: the sum of the pseudo header alone (CHECKSUM_PARTIAL, skbuff.h). */
    private static byte[] unfinished() {
        byte[] packet = whole();
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        long sum = 6 + packet.length - 20;
        for (int at = 12; at < 20; at += 2) {
            sum += bytes.getShort(at) & 0xFFFF;
        }
        sum = (sum & 0xFFFF) + (sum >>> 16);
        bytes.putShort(TCP_CHECKSUM_AT, (short) ((sum & 0xFFFF) + (sum >>> 16)));
        return packet;
    }

    private static byte[] whole() {
        byte[] packet = JournalOf.segment(1, JournalOf.ACK, 1, 1, "payload".getBytes());
        Ipv4Packet view = new Ipv4Packet();
        assertThat(view.wrap(ByteBuffer.wrap(packet), 0, packet.length)).isTrue();
        Checksums.fill(view);
        return packet;
    }

    @Test
    void unfinishedChecksumsAreExportedAsCapturedOrFinished() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/tshark")), "tshark is not installed");
        Path dir = top.resolve("journal");
        try (JournalOf journal = new JournalOf(dir)) {
            journal.append(EntryKind.PACKET, whole());
            journal.append(EntryKind.PACKET, unfinished());
        }
        Path file = top.resolve("out.pcapng");
        assertThat(ask("export", dir.toString(), "-o", file.toString()).exitCode()).isZero();
        assertThat(checksums(file)).as("1 good, 0 bad").containsExactly("1", "0");
        JournalOf.Answer finished = ask("export", dir.toString(), "-o", file.toString(), "--fix-checksums");
        assertThat(finished.err()).contains("1 packets had unfinished checksums");
        assertThat(checksums(file)).containsExactly("1", "1");
    }

    @Test
    void exportTakesTheFiltersOfTheOtherCommands() throws IOException {
        Path dir = top.resolve("journal");
        try (JournalOf journal = new JournalOf(dir)) {
            for (int i = 1; i <= 10; i++) {
                journal.later(1_000).tcp(40_000 + i % 2, JournalOf.ACK, i, 1, "number " + i);
                journal.append(EntryKind.MARK, "{\"mark\":" + i + "}");
            }
            journal.append(EntryKind.PACKET, new byte[] {1, 2, 3});
        }
        assertThat(exported(dir)).isEqualTo("10 packets, 10 marks");
        assertThat(exported(dir, "--connection", "10.0.0.7:40001")).isEqualTo("5 packets, 10 marks");
        assertThat(exported(dir, "--connection", "10.0.0.7:40001->10.0.0.99:6379")).isEqualTo("0 packets, 0 marks");
        assertThat(exported(dir, "--peer", "10.0.0.7", "--grep", "number [3-5]")).isEqualTo("3 packets, 10 marks");
        assertThat(exported(dir, "--kind", "PACKET", "--from", "-3500ms")).isEqualTo("4 packets, 0 marks");
        assertThat(exported(dir, "--from", "3", "--to", "6")).isEqualTo("2 packets, 2 marks");
        assertThat(exported(dir, "--from", "100", "--to", "200")).isEqualTo("0 packets, 0 marks");
        assertThat(ask("export", dir.toString(), "-o", "-", "--connection", "10.0.0.7").err()).contains("--peer");
    }

    private String exported(Path journal, String... filters) throws IOException {
        Path file = top.resolve("filtered.pcapng");
        List<String> arguments = new ArrayList<>(List.of("export", journal.toString(), "-o", file.toString()));
        arguments.addAll(List.of(filters));
        JournalOf.Answer answer = ask(arguments.toArray(String[]::new));
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(answer.err()).contains(count(bytes, "number \\d") + " packets, ");
        return count(bytes, "number \\d") + " packets, " + count(bytes, "\\{\"mark\"") + " marks";
    }

    private static long count(String in, String pattern) {
        return Pattern.compile(pattern).matcher(in).results().count();
    }

    private static List<String> checksums(Path file) {
        return SystemCommand.run("tshark", "-n", "-r", file.toString(), "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e",
                "tcp.checksum.status").lines().filter(line -> line.matches("[0-9]")).toList();
    }
}
