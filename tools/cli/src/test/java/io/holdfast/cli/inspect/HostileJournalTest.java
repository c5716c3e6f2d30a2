package io.holdfast.cli.inspect;

import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.RawRecords;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Journals that lie: whatever stands in their files, every question has an answer or a clear refusal, in bounded time.
 * A failure names its seed; {@code -Dhostile.seed=N} runs that one, {@code -Dhostile.seeds=N} so many.
 */
class HostileJournalTest {
    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final int SEEDS = Integer.getInteger("hostile.seeds", 120);
    private static final int RECORD_HEADER_BYTES = 32;
    private static final long[] ABSURD = {0, 1, -1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x3FFFFFFF, 0xC0000000L,
        Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, 1L << 62};
    private static final String[] BODIES = {"{", "[[[[[[[[", "{\"node\":" + "[".repeat(2_000), "{\"markIndex\":9e999}", "{\"node\":1}", "\0\0",
        "{\"node\":\"" + "x".repeat(20_000) + "\"}", "{\"connection\":\"1.2.3.4:99999->x\"}", "{\"step\":\"LIVE\",\"counts\":{\"a\":\"b\"}}"};

    @TempDir
    Path top;
    private Path dir;
    private Path out;
    private final Map<Path, byte[]> files = new LinkedHashMap<>();
    private int noticed;
    private final List<Place> records = new ArrayList<>();

    /** Where a record stands, and how long its command is. */
    private record Place(Path file, int offset, int commandBytes) {
    }

    @BeforeEach
    void write() throws IOException {
        dir = top.resolve("journal");
        out = top.resolve("out");
        try (JournalOf journal = new JournalOf(dir)) {
            journal.append(EntryKind.TERM_START, new byte[0]);
            for (int i = 0; i < 300; i++) {
                journal.tcp(1 + i % 7, i < 7 ? JournalOf.SYN : JournalOf.ACK, 100L + i / 7 * 3, 1, i < 7 ? "" : "abc");
                if (i % 40 == 0) {
                    journal.append(EntryKind.MARK, "{\"node\":\"n1\",\"reason\":\"interval\"}");
                    journal.append(EntryKind.CHECKPOINT_READY, "{\"markIndex\":2,\"node\":\"n1\",\"holders\":[\"n1\"],\"bytes\":1}");
                    journal.append(EntryKind.TAKEOVER_STEP, "{\"step\":\"LIVE\",\"node\":\"n1\"}");
                    journal.append(EntryKind.STATISTICS, "{\"captureToCommit\":\"AAAA\"}");
                }
                if (i == 200) {
                    journal.journal().cutTail(journal.journal().lastIndex() - 3);
                    journal.term = 2;
                }
            }
            journal.udp(5, "datagram");
            journal.journal().commitIndex(200);
        }
        try (Stream<Path> all = Files.list(dir)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(file, Files.readAllBytes(file));
            }
        }
        RawRecords walk = RawRecords.open(dir);
        JournalEntry entry = new JournalEntry();
        while (walk.next(entry)) {
            records.add(new Place(walk.file(), (int) walk.offsetBytes(), entry.commandLength()));
        }
    }

    @Test
    void everyQuestionIsAnsweredOrRefused() {
        String one = System.getProperty("hostile.seed");
        for (long seed = one == null ? 0 : Long.parseLong(one); seed < (one == null ? SEEDS : Long.parseLong(one) + 1); seed++) {
            long now = seed;
            assertTimeoutPreemptively(BOUND, () -> round(now), () -> "seed " + now + " has no end");
        }
        assertThat(noticed).as("journals of which verify said that they are not whole").isGreaterThan(one == null ? SEEDS / 2 : -1);
    }

    private void round(long seed) throws IOException {
        Random random = new Random(seed);
        Map<Path, byte[]> spoilt = new LinkedHashMap<>();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            spoil(random, spoilt);
        }
        for (Map.Entry<Path, byte[]> each : spoilt.entrySet()) {
            Files.write(each.getKey(), each.getValue());
        }
        try {
            askAll(seed, random);
        } finally {
            for (Path each : spoilt.keySet()) {
                Files.write(each, files.get(each));
            }
        }
    }

    private void askAll(long seed, Random random) throws IOException {
        String journal = dir.toString();
        for (String[] question : new String[][] {{"verify", journal}, {"verify", journal, "--json"}, {"list", journal},
            {"list", journal, "--json", "--reverse"}, {"list", journal, "--from", "-1s"}, {"describe", journal}, {"connections", journal, "--json"},
            {"stats", journal, "--json"}, {"show", journal, Integer.toString(random.nextInt(320))}, {"stream", journal, "10.0.0.7:3", "--hex"},
            {"diff", journal, journal}, {"export", journal, "-o", out.toString()}}) {
            JournalOf.Answer answer = ask(question);
            String what = "seed " + seed + ", " + String.join(" ", question) + ": ";
            assertThat(answer.err()).as(what).doesNotContain("\tat ").doesNotContain("Exception");
            assertThat(answer.exitCode()).as(what + answer.err()).isBetween(0, 3);
            noticed += question.length == 2 && question[0].equals("verify") && answer.exitCode() > 0 ? 1 : 0;
        }
        Files.deleteIfExists(out);
    }

    private void spoil(Random random, Map<Path, byte[]> spoilt) {
        if (random.nextInt(3) > 0) {
            lie(random, spoilt);
            return;
        }
        Path file = List.copyOf(files.keySet()).get(random.nextInt(files.size()));
        byte[] bytes = spoilt.computeIfAbsent(file, each -> files.get(each).clone());
        int used = Math.min(bytes.length, 80_000);
        if (used < 16) {
            return;
        }
        int at = random.nextInt(used - 8);
        switch (random.nextInt(5)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(5_000)), (byte) (random.nextBoolean() ? 0 : 0xFF));
            case 2 -> ByteBuffer.wrap(bytes).putInt(at & ~3, Integer.reverseBytes((int) ABSURD[random.nextInt(ABSURD.length)]));
            case 3 -> ByteBuffer.wrap(bytes).putLong(at & ~7, Long.reverseBytes(ABSURD[random.nextInt(ABSURD.length)]));
            default -> spoilt.put(file, Arrays.copyOf(bytes, random.nextInt(used)));
        }
    }

    /** A record that says something absurd under a checksum that is right. */
    private void lie(Random random, Map<Path, byte[]> spoilt) {
        Place place = records.get(random.nextInt(records.size()));
        byte[] bytes = spoilt.computeIfAbsent(place.file, each -> files.get(each).clone());
        if (bytes.length < place.offset + RECORD_HEADER_BYTES + place.commandBytes) {
            return; // cut off by another change
        }
        ByteBuffer record = ByteBuffer.wrap(bytes, place.offset, RECORD_HEADER_BYTES + place.commandBytes).slice();
        long absurd = ABSURD[random.nextInt(ABSURD.length)];
        switch (random.nextInt(8)) {
            case 0 -> record.putLong(8, absurd); // index
            case 1 -> record.putLong(16, absurd); // term
            case 2 -> record.put(3, (byte) random.nextInt(4)); // flags
            case 3 -> record.put(RECORD_HEADER_BYTES + 1, (byte) (random.nextBoolean() ? 100 + random.nextInt(2) : random.nextInt(12))); // kind
            case 4 -> record.putLong(RECORD_HEADER_BYTES + 8, absurd); // time
            case 5 -> record.put(RECORD_HEADER_BYTES + 2, (byte) random.nextInt(256)); // command flags
            case 6 -> body(record, BODIES[random.nextInt(BODIES.length)].getBytes(StandardCharsets.ISO_8859_1));
            default -> {
                if (place.commandBytes > 20) {
                    record.put(RECORD_HEADER_BYTES + 16 + random.nextInt(place.commandBytes - 16), (byte) ABSURD[random.nextInt(7)]);
                }
            }
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, place.offset, 28);
        crc.update(bytes, place.offset + RECORD_HEADER_BYTES, place.commandBytes);
        record.putInt(28, (int) crc.getValue());
    }

    private static void body(ByteBuffer record, byte[] text) {
        int room = record.capacity() - RECORD_HEADER_BYTES - 16;
        for (int i = 0; i < room; i++) {
            record.put(RECORD_HEADER_BYTES + 16 + i, i < text.length ? text[i] : (byte) ' ');
        }
    }
}
