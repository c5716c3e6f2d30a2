package io.holdfast.cli.inspect.connections;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.testbed.SystemCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Of segments that overlap and contradict each other we read what a server on this machine's kernel reads; only where some
 * touch as well may it be otherwise, and then conflicts are counted.
 */
class KernelOverlapsTest {
    private static final int FIRST = 0xFFFFFFF0;
    private static final int CASES = 300;
    private static final int STREAM_BYTES = 60;
    /** Some reach beyond. */
    private static final int FILLED_BYTES = 100;

    @TempDir
    Path dir;

    private record Piece(int offset, byte[] bytes) {
        @Override
        public String toString() {
            return offset + ":" + HexFormat.of().formatHex(bytes);
        }
    }

    @Test
    void theServerReadsWhatWeRead() throws Exception {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root: CAP_NET_ADMIN for a network namespace");
        List<List<Piece>> cases = new ArrayList<>();
        for (int seed = 0; seed < 2 * CASES; seed++) {
            cases.add(pieces(new Random(seed), seed >= CASES));
        }
        List<String> read = kernel(cases);
        assertThat(read).hasSize(2 * CASES);
        int others = 0;
        for (int i = 0; i < 2 * CASES; i++) {
            ByteArrayOutputStream ours = new ByteArrayOutputStream();
            InboundStream stream = ours(cases.get(i), ours);
            boolean same = HexFormat.of().formatHex(ours.toByteArray()).equals(read.get(i));
            assertThat(same || i >= CASES && stream.conflictingBytes() > 0).as("case %d: %s", i, cases.get(i)).isTrue();
            others += same ? 0 : 1;
        }
        assertThat(others).as("cases in which segments that touch made a difference").isLessThan(CASES / 10);
    }

    /** Each piece in letters of its own; the first byte comes last, so that everything else has to wait, and wins nothing. */
    private static List<Piece> pieces(Random random, boolean touching) {
        List<Piece> pieces = new ArrayList<>();
        int count = 2 + random.nextInt(10);
        for (int i = 0; i < count; i++) {
            int from = 1 + random.nextInt(STREAM_BYTES - 2);
            int length = 1 + random.nextInt(Math.min(20, STREAM_BYTES - from));
            // One that begins at an even place never begins where one ends that ends at an odd place.
            pieces.add(touching ? piece(from, length, (byte) ('a' + i)) : piece(from + from % 2, length | 1, (byte) ('a' + i)));
        }
        // What is still missing comes in order from the front.
        pieces.add(piece(0, 1, (byte) '0'));
        for (int at = 1; at < FILLED_BYTES; at += 7) {
            pieces.add(piece(at, Math.min(7, FILLED_BYTES - at), (byte) '.'));
        }
        return pieces;
    }

    private static Piece piece(int offset, int length, byte filling) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, filling);
        return new Piece(offset, bytes);
    }

    private static InboundStream ours(List<Piece> pieces, ByteArrayOutputStream read) {
        InboundStream stream = new InboundStream(FIRST, new WaitingRoom(1_000, 100_000), read::write);
        pieces.forEach(each -> stream.add(FIRST + each.offset, each.bytes, 0, each.bytes.length, false));
        return stream;
    }

    private List<String> kernel(List<List<Piece>> cases) throws IOException, InterruptedException {
        Path script = dir.resolve("overlaps.py");
        try (InputStream in = KernelOverlapsTest.class.getResourceAsStream("overlaps.py")) {
            Files.copy(in, script);
        }
        StringBuilder input = new StringBuilder();
        cases.forEach(each -> input.append(String.join(" ", each.stream().map(Piece::toString).toList())).append('\n'));
        Path lines = Files.writeString(dir.resolve("cases"), input);
        Path output = dir.resolve("read");
        String namespace = "hfo" + ProcessHandle.current().pid();
        SystemCommand.run("ip", "netns", "add", namespace);
        try {
            Process process = new ProcessBuilder("ip", "netns", "exec", namespace, "python3", script.toString())
                    .redirectInput(lines.toFile()).redirectOutput(output.toFile()).redirectErrorStream(true).start();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } finally {
            SystemCommand.run("ip", "netns", "del", namespace);
        }
        return Files.readAllLines(output, StandardCharsets.US_ASCII);
    }
}
