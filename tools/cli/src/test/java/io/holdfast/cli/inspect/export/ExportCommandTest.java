package io.holdfast.cli.inspect.export;

import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.journal.EntryKind;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    private static List<String> checksums(Path file) {
        return SystemCommand.run("tshark", "-n", "-r", file.toString(), "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e",
                "tcp.checksum.status").lines().filter(line -> line.matches("[0-9]")).toList();
    }
}
