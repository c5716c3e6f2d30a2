package io.holdfast.cli.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.HoldfastCommand;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

class InspectCommandTest {
    private static final long NOON = 1_700_000_000_000_000_000L;

    @TempDir
    Path dir;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeAJournal() {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT.withBlockBytes(4 << 20))) {
            append(journal, EntryKind.TERM_START, 0, new byte[0]);
            append(journal, EntryKind.PACKET, Command.PURE_ACK, segment());
            append(journal, EntryKind.PACKET, 0, new byte[] {0x45, 1, 2});
            append(journal, EntryKind.MARK, 0, "{\"node\":\"n1\"}".getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void append(Journal journal, EntryKind kind, int flags, byte[] body) {
        byte[] command = Command.encode(kind, flags, NOON, body);
        journal.append(7, false, command, 0, command.length);
    }

    /** 10.0.0.1:4321 to 10.0.0.2:80, an acknowledgement without payload. */
    private static byte[] segment() {
        return ByteBuffer.allocate(40).put((byte) 0x45).put((byte) 0).putShort((short) 40).putInt(0).put((byte) 64)
                .put((byte) 6).putShort((short) 0).putInt(0x0A000001).putInt(0x0A000002)
                .putShort((short) 4321).putShort((short) 80).putInt(100).putInt(200).put((byte) 0x50).put((byte) 0x10)
                .array();
    }

    private int inspect(String... arguments) {
        String[] all = Stream.concat(Stream.of("inspect", "list"), Stream.of(arguments)).toArray(String[]::new);
        return HoldfastCommand.execute(new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    @Test
    void listsEveryEntryInReadableForm() {
        assertThat(inspect(dir.toString())).isZero();

        assertThat(out.toString().lines()).hasSize(4).anyMatch(line -> line.contains("TERM_START"))
                .anyMatch(line -> line.contains("TCP 10.0.0.1:4321 > 10.0.0.2:80 [ACK] seq 100 ack 200 payload 0 (pure ack)"))
                .anyMatch(line -> line.contains("malformed packet, 3 bytes"))
                .anyMatch(line -> line.contains("MARK") && line.contains("{\"node\":\"n1\"}"));
        assertThat(out.toString()).contains("term 7").contains("2023-11-14T22:13:20.000000000Z");
    }

    @Test
    void aRangeAndALimitAreObeyedAndJsonIsOneObjectALine() throws IOException {
        assertThat(inspect(dir.toString(), "--from", "2", "--to", "3", "--reverse", "--limit", "1", "--json")).isZero();

        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(1);
        JsonNode entry = new ObjectMapper().readTree(lines.get(0));
        assertThat(entry.get("index").asLong()).isEqualTo(3);
        assertThat(entry.get("kind").asText()).isEqualTo("PACKET");
    }

    @Test
    void whatIsNoJournalIsRefusedWithAClearMessage() throws IOException {
        Path file = Files.writeString(dir.resolve("plain"), "no journal");

        assertThat(inspect(file.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("is not a journal");
        assertThat(inspect(Files.createDirectory(dir.resolve("empty")).toString())).isEqualTo(2);
    }
}
