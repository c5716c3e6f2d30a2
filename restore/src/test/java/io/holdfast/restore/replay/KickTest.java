package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.restore.connection.TcpSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Answers that only the loopback has seen reach their clients when the outside opens, not when a timeout ends. */
class KickTest {
    private static final int PORT = 6379;
    /** After this many tries the next is 16 times the least timeout away. */
    private static final int TRIES = 4;
    private static final long TIMEOUT_THEN_MS = LoopbackConfig.DEFAULT_LEAST_RTO_MS << TRIES;

    @Test
    void unacknowledgedAnswersLeaveAtOnce() throws Exception {
        try (Scene scene = new Scene(); SceneNode first = new SceneNode(scene, 1, new Tape(), null)) {
            first.launch(PORT, FreshTakeoverTest.REDIS);
            first.goLive();
            List<CountingClient> clients = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                clients.add(new CountingClient(scene, PORT, "own" + i, 1));
            }
            FreshTakeoverTest.awaitAnswers(clients, 50);
            first.muzzle();
            await().until(() -> first.scan.connections(Scene.VIP_ADDRESS).stream().allMatch(KickTest::isWaiting));
            first.crash();
            Tape journal = new Tape(first.tape);
            try (SceneNode second = new SceneNode(scene, 2, journal, null)) {
                Tape.Source source = journal.source(0);
                second.capture();
                second.launch(PORT, FreshTakeoverTest.REDIS);
                second.replay(source, ReplayOptions.DEFAULT);
                await().pollInterval(Duration.ofMillis(1)).until(() -> second.scan.connections(Scene.VIP_ADDRESS).stream()
                        .allMatch(socket -> socket.info().retransmits() == TRIES));
                long live = System.nanoTime();
                second.release();
                await().until(() -> clients.stream().allMatch(client -> client.isOver() || client.firstAfter(live) != 0));
                List<Long> afterMs = clients.stream().map(client -> (client.firstAfter(live) - live) / 1_000_000).toList();
                System.out.println("KICK first answers after ms " + afterMs);
                assertThat(afterMs).allMatch(ms -> ms < TIMEOUT_THEN_MS / 2);
                clients.forEach(CountingClient::stop);
            }
        }
    }

    private static boolean isWaiting(TcpSocket socket) {
        return socket.sendQueueBytes() > 0 && socket.receiveQueueBytes() == 0;
    }
}
