package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/inspect.md is what runs here, line by line. */
class DocumentedExampleTest {
    private static final long NOON = 1_700_000_000_000_000_000L;

    @TempDir
    Path dir;

    @Test
    void theExampleCountsPackets() {
        String journal = dir.resolve("journal").toString();
        try (Journal writing = Journal.open(Path.of(journal), JournalOptions.DEFAULT.withBlockBytes(4 << 20))) {
            for (EntryKind kind : List.of(EntryKind.PACKET, EntryKind.EVENT, EntryKind.PACKET)) {
                byte[] command = Command.encode(kind, 0, NOON, new byte[40]);
                writing.append(1, false, command, 0, command.length);
            }
        }
        assertThat(count(journal, NOON)).isEqualTo(2);
    }

    private static long count(String journal, long sinceEpochNanos) {
        // docs/inspect.md, from here
        long[] packets = new long[1];
        try (JournalReader reader = JournalReader.open(Path.of(journal))) {
            JournalEntry entry = new JournalEntry();          // reused; its buffer is overwritten by the next read
            EntryCursor entries = reader.forward(reader.firstIndexSince(sinceEpochNanos));
            while (entries.next(entry)) {                      // each is checked as it is met
                if (entry.kind() == EntryKind.PACKET) {
                    packets[0]++;                              // the packet: entry.buffer(), entry.bodyOffset(), entry.bodyLength()
                }
            }
        }
        // to here
        return packets[0];
    }

    @Test
    void theExampleIsTheOneInTheDocumentation() throws IOException {
        Path top = Path.of("").toAbsolutePath().getParent();
        String source = Files.readString(top.resolve("journal/src/test/java/io/holdfast/journal/DocumentedExampleTest.java"));
        String example = source.substring(source.indexOf("from here\n") + "from here\n".length(), source.indexOf("        // to here"));
        String shown = example.lines().map(line -> line.substring(8)).collect(Collectors.joining("\n"));
        assertThat(Files.readString(top.resolve("docs/inspect.md"))).contains("```java\n" + shown + "\n```");
    }
}
