package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How fast recorded traffic goes into a fresh Redis. Prints; the bound is there to notice a collapse. */
class ReplayRateTest {
    private static final int PORT = 6379;
    private static final int LEAST_PER_SECOND = 2_000;

    @ParameterizedTest
    @CsvSource({"1,1,4000", "16,1,2000", "50,1,800", "4,50,40000"})
    void isFarAboveWhatClientsSend(int connections, int pipelined, long answersEach) throws Exception {
        try (Scene scene = new Scene(); SceneNode first = new SceneNode(scene, 1, new Tape(), null)) {
            first.launch(PORT, FreshTakeoverTest.REDIS);
            first.goLive();
            List<CountingClient> clients = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                clients.add(new CountingClient(scene, PORT, "key" + i, pipelined));
            }
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> clients.stream().allMatch(client -> client.isOver() || client.answers() >= answersEach));
            first.crash();
            Tape journal = new Tape(first.tape);
            int number = 2;
            for (boolean strict : new boolean[] {true, false, true, false}) {
                try (SceneNode clone = new SceneNode(scene, number++, new Tape(journal), null)) {
                    clone.capture();
                    clone.launch(PORT, FreshTakeoverTest.REDIS);
                    clone.replay(journal.source(0), new ReplayOptions(strict, 500, 200));
                    ReplayReport report = clone.replay;
                    long rate = report.entries() * 1_000_000 / report.micros();
                    System.out.printf("RATE %d connections, %d pipelined, strict %s: %d entries in %.1f ms, %d/s, held %d,"
                            + " clamped %d, prodded %d, unread %d, fix %d us%n", connections, pipelined, strict,
                            report.entries(), report.micros() / 1000.0, rate, report.held(), report.clamped(),
                            report.prodded(), report.unread(), clone.fix.micros());
                    assertThat(report.clamped()).isZero();
                    assertThat(rate).isGreaterThan(LEAST_PER_SECOND);
                }
            }
        }
    }
}
