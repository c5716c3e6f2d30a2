package io.holdfast.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.HoldfastCommand;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.JournalReader;
import io.holdfast.journal.RawRecords;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {
    private static final int ENTRIES = 50;
    private static final int RECORD_HEADER_BYTES = 32;
    private static final int CHAIN_AT = 28;
    private static final long NOON = 1_700_000_000_000_000_000L;

    @TempDir
    Path top;
    private Path dir;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private void write(Body... last) {
        dir = top.resolve("journal");
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT.withBlockBytes(4 << 20))) {
            for (int i = 0; i < ENTRIES; i++) {
                append(journal, new Body(EntryKind.EVENT, 1, NOON + i, "{\"n\":" + i + "}"));
            }
            for (Body each : last) {
                append(journal, each);
            }
            journal.commitIndex(ENTRIES);
        }
    }

    private record Body(EntryKind kind, long term, long epochNanos, String body) {
    }

    private static void append(Journal journal, Body body) {
        byte[] command = Command.encode(body.kind(), 0, body.epochNanos(), body.body().getBytes(StandardCharsets.UTF_8));
        journal.append(body.term(), false, command, 0, command.length);
    }

    private int verify(String... more) {
        String[] all = Stream.concat(Stream.of("inspect", "verify", dir.toString()), Stream.of(more)).toArray(String[]::new);
        return HoldfastCommand.execute(new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    private List<Long> offsets() {
        List<Long> found = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(dir)) {
            RawRecords records = reader.raw();
            while (records.next(new JournalEntry())) {
                found.add(records.offsetBytes());
            }
        }
        return found;
    }

    private Path file() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.filter(path -> path.toString().endsWith(".cq4")).findFirst().orElseThrow();
        }
    }

    private void put(long offset, int... bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
            file.seek(offset);
            for (int each : bytes) {
                file.write(each);
            }
        }
    }

    @Test
    void aWholeJournalIsWhole() {
        write();
        assertThat(verify()).isZero();
        assertThat(out.toString()).contains("whole: 50 records, last entry 50, committed 50");
    }

    @Test
    void everySpoiltRecordIsNamedAndTheOthersAreStillRead() throws IOException {
        write();
        List<Long> offsets = offsets();
        put(offsets.get(10) + 55, 'x');
        put(offsets.get(30) + 55, 'x');
        String name = file().getFileName().toString();
        assertThat(verify()).isEqualTo(1);
        assertThat(out.toString().lines().filter(line -> line.startsWith("checksum"))).hasSize(2)
                .anyMatch(line -> line.contains(name + " at byte " + offsets.get(10)))
                .anyMatch(line -> line.contains("at byte " + offsets.get(30)));
        assertThat(out.toString()).contains("48 records, last entry 50");
    }

    @Test
    void aLengthThatLiesIsABrokenFrame() throws IOException {
        write();
        put(offsets().get(10) - 4, 0xFF, 0xFF, 0xFF, 0x3F);
        assertThat(verify()).isEqualTo(1);
        assertThat(out.toString()).contains("frame ").contains("index-continuity").contains("last entry 50");
    }

    @Test
    void anEndThatIsGoneIsNoticed() throws IOException {
        write();
        put(offsets().get(ENTRIES - 1) - 4, 0, 0, 0, 0);
        assertThat(verify()).isEqualTo(1);
        assertThat(out.toString()).contains("frame ").contains("commit-index").contains("up to 50 were committed");
    }

    @Test
    void whatEntriesSayIsChecked() {
        write(new Body(EntryKind.MARK, 2, NOON, "{\"node\":\"n1\"}"), new Body(EntryKind.MARK, 2, NOON, "{\"node\":\"n2\"}"),
                new Body(EntryKind.MARK, 2, NOON, "{".repeat(100_000)), new Body(EntryKind.PACKET, 2, NOON, "E"),
                new Body(EntryKind.EVENT, 2, NOON - 5_000_000_000L, "{}"));
        assertThat(verify("--json")).isEqualTo(1);
        assertThat(out.toString().lines().map(line -> line.replaceAll(".*\"rule\":\"([a-z-]+)\".*", "$1")))
                .containsExactly("one-leader-a-term", "body", "packet", "clock-order");
    }

    @Test
    void aCleanCopyHoldsWhatIsBeforeTheDamageAndTheOriginalStays() throws IOException {
        write();
        put(offsets().get(20) + 55, 'x');
        byte[] before = Files.readAllBytes(file());
        Path clean = top.resolve("clean");
        assertThat(verify("--repair", clean.toString())).isEqualTo(1);
        assertThat(Files.readAllBytes(file())).isEqualTo(before);
        assertThat(err.toString()).contains("last entry 20: COMMITTED ENTRIES 21 TO 50 ARE NOT IN IT");
        dir = clean;
        assertThat(verify()).isZero();
        try (Journal copy = Journal.open(clean, JournalOptions.DEFAULT)) {
            assertThat(copy.lastIndex()).isEqualTo(20);
        }
    }

    /** Changes bytes of a record, counted from its start, and makes its checksum right again. */
    private void lie(int record, int at, byte[] bytes) throws IOException {
        long offset = offsets().get(record);
        try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
            file.seek(offset + at);
            file.write(bytes);
            file.seek(offset + 4);
            byte[] whole = new byte[RECORD_HEADER_BYTES + file.readInt()];
            file.seek(offset);
            file.readFully(whole);
            CRC32C crc = new CRC32C();
            crc.update(whole, 0, CHAIN_AT);
            crc.update(whole, RECORD_HEADER_BYTES, whole.length - RECORD_HEADER_BYTES);
            file.seek(offset + CHAIN_AT);
            file.writeInt((int) crc.getValue());
        }
    }

    private List<String> rulesBroken() {
        out.getBuffer().setLength(0);
        assertThat(verify("--json")).isEqualTo(1);
        return out.toString().lines().map(line -> line.replaceAll(".*\"rule\":\"([a-z-]+)\".*", "$1")).distinct().toList();
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    @Test
    void aRecordThatDoesNotFollowTheOneBeforeBreaksTheChain() throws IOException {
        write();
        lie(10, 24, new byte[] {1, 2, 3, 4});
        assertThat(rulesBroken()).containsExactly("chain");
    }

    @Test
    void anIndexThatIsSkippedIsNoticed() throws IOException {
        write();
        lie(10, 8, number(1_000));
        assertThat(rulesBroken()).contains("index-continuity");
    }

    @Test
    void aTermThatFallsIsNoticed() throws IOException {
        write();
        lie(10, 16, number(9));
        assertThat(rulesBroken()).contains("term-order");
    }

    @Test
    void aCutThatFitsNothingIsNoticed() throws IOException {
        write();
        lie(10, RECORD_HEADER_BYTES + 1, new byte[] {(byte) EntryKind.TAIL_CUT.code()});
        assertThat(rulesBroken()).contains("truncations");
    }

    @Test
    void filesThatAreMissingOrDamagedAreNamed() throws IOException {
        write();
        Files.delete(dir.resolve("state"));
        assertThat(rulesBroken()).containsExactly("files");
    }

    @Test
    void aDamagedFloorIsNamed() throws IOException {
        write();
        try (RandomAccessFile floor = new RandomAccessFile(dir.resolve("floor").toFile(), "rw")) {
            floor.seek(10);
            floor.write(77);
        }
        assertThat(rulesBroken()).contains("floor");
    }

    @Test
    void checkpointsAreComparedWithWhatWasCommitted() throws IOException {
        dir = top.resolve("journal");
        Path image = Files.createDirectories(top.resolve("checkpoints/3/image")).resolve("core.img");
        Files.writeString(image, "the process");
        String manifest = "{\"format\":1}";
        Files.writeString(top.resolve("checkpoints/3/manifest.json"), manifest);
        write(new Body(EntryKind.CHECKPOINT_READY, 2, NOON, "{\"node\":\"n1\",\"markIndex\":3,\"manifestSha256\":\"0123\"}"));
        assertThat(verify()).isEqualTo(1);
        assertThat(out.toString()).contains("checkpoint-files").contains("checkpoints/3").contains("committed was 0123")
                .contains("0 checkpoints as committed");
        assertThat(verify("--checkpoints", top.resolve("elsewhere").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("no such directory").doesNotContain("\tat ");
    }

    @Test
    void noiseEndsInBoundedTimeWithViolations() throws IOException {
        write();
        Random random = new Random(7);
        long first = offsets().get(0);
        for (int round = 0; round < 30; round++) {
            long from = first + random.nextInt(3_000);
            int[] noise = random.ints(1 + random.nextInt(200), 0, 256).toArray();
            put(from, noise);
            assertThat(verify()).isIn(0, 1);
        }
        assertThat(verify()).isEqualTo(1);
    }
}
