package io.holdfast.cli.inspect.stats;

import static io.holdfast.cli.inspect.JournalOf.ACK;
import static io.holdfast.cli.inspect.JournalOf.ask;
import static io.holdfast.cli.inspect.JournalOf.histogram;
import static io.holdfast.cli.inspect.JournalOf.statistics;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.journal.EntryKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatsCommandTest {
    @TempDir
    Path top;

    private Path write() {
        Path dir = top.resolve("journal");
        try (JournalOf journal = new JournalOf(dir)) {
            for (int second = 0; second < 40; second++) {
                for (int i = 0; i < 50; i++) {
                    journal.later(20).tcp(1, ACK, 1, 1, "0123456789");
                }
                journal.append(EntryKind.STATISTICS, statistics(histogram(100_000, 200_000, 900_000), histogram(5_000), histogram(50)));
            }
        }
        return dir;
    }

    @Test
    void aLineAWindowAndOneForAll() throws Exception {
        Path dir = write();
        JournalOf.Answer answer = ask("stats", dir.toString(), "--window", "10s", "--json");
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        JsonNode[] lines = new ObjectMapper().readerFor(JsonNode[].class)
                .readValue("[" + String.join(",", answer.out().lines().toList()) + "]");
        assertThat(lines).hasSizeBetween(5, 6);
        JsonNode all = lines[lines.length - 1];
        assertThat(all.get("all").asBoolean()).isTrue();
        assertThat(all.get("packets").asLong()).isEqualTo(2_000);
        assertThat(all.get("bytes").asLong()).isEqualTo(2_000 * 50);
        assertThat(all.at("/captureToCommitNanos/count").asLong()).isEqualTo(120);
        assertThat(all.at("/captureToCommitNanos/p50").asLong()).isBetween(199_000L, 202_000L);
        assertThat(all.at("/releasedTogether/max").asLong()).isEqualTo(50);
        JsonNode second = lines[1];
        assertThat(second.get("packets").asLong()).isBetween(490L, 510L);
        assertThat(ask("stats", dir.toString()).out()).contains("capture to commit").contains("\nall");
    }

    @Test
    void plotsAndPercentileFilesAreWhatTheySayTheyAre() throws Exception {
        Path dir = write();
        Path svg = top.resolve("plot.svg");
        Path png = top.resolve("plot.png");
        assertThat(ask("stats", dir.toString(), "--plot", svg.toString(), "--hgrm", top.resolve("redis").toString()).exitCode()).isZero();
        assertThat(Files.readString(svg)).contains("<svg").contains("<path");
        assertThat(ask("stats", dir.toString(), "--plot", png.toString()).exitCode()).isZero();
        assertThat(ImageIO.read(png.toFile()).getWidth()).isEqualTo(1200);
        assertThat(Files.readString(top.resolve("redis-capture-to-commit.hgrm"))).contains("Percentile").contains("Total count    =          120");
        assertThat(ask("stats", dir.toString(), "--plot", "plot.gif").exitCode()).isEqualTo(2);
        assertThat(ask("stats", dir.toString(), "--window", "soon").exitCode()).isEqualTo(2);
    }

    @Test
    void histogramsThatAreNoneAreCountedAndTakeNoMemory() {
        Path dir = top.resolve("journal");
        Random random = new Random(5);
        byte[] good = Base64.getDecoder().decode(histogram(1, 2, 3));
        try (JournalOf journal = new JournalOf(dir)) {
            for (int i = 0; i < 500; i++) {
                byte[] bad = good.clone();
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
                String text = Base64.getEncoder().encodeToString(Arrays.copyOf(bad, 1 + random.nextInt(bad.length)));
                journal.append(EntryKind.STATISTICS, statistics(text, text, text));
            }
            journal.append(EntryKind.STATISTICS, "nonsense");
            journal.append(EntryKind.STATISTICS, new byte[0]);
        }
        JournalOf.Answer answer = ask("stats", dir.toString());
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        assertThat(answer.err()).contains("are not what they should be");
    }

    @Test
    void aJournalWithoutStatisticsSaysSo() {
        Path dir = top.resolve("journal");
        try (JournalOf journal = new JournalOf(dir)) {
            journal.tcp(1, ACK, 1, 1, "x");
        }
        JournalOf.Answer answer = ask("stats", dir.toString(), "--plot", top.resolve("p.png").toString());
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        assertThat(answer.err()).contains("nothing was journaled");
    }
}
