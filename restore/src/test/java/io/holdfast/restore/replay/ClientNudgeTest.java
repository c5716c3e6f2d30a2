package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.GateMode;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.restore.connection.SocketScan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Clients that have given the dead primary long timeouts repeat what it never took in when they are told to. */
class ClientNudgeTest {
    private static final int PORT = 6379;
    /** After this many repeats a client waits for eight times its least timeout, 1.6 s. */
    private static final int REPEATS = 3;
    private static final int CLIENTS = 4;

    @Test
    void clientsRepeatLongBeforeTheirTimeoutEnds() throws Exception {
        try (Scene scene = new Scene(); SceneNode first = new SceneNode(scene, 1, new Tape(), null);
                SocketScan clientSide = scene.client.call(SocketScan::new)) {
            first.launch(PORT, FreshTakeoverTest.REDIS);
            first.goLive();
            List<CountingClient> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new CountingClient(scene, PORT, "own" + i, 1));
            }
            FreshTakeoverTest.awaitAnswers(clients, 50);
            first.tape.refuse(); // what clients send now is lost
            await().until(() -> repeats(clientSide).allMatch(count -> count > 0));
            first.namespace.run("ip", "link", "set", Scene.LINK, "down");
            var table = first.tape.table();
            Tape journal = new Tape();
            try (SceneNode second = new SceneNode(scene, 2, journal, null);
                    ClientNudge nudge = second.namespace.call(ClientNudge::new)) {
                // Repeats that wait for the address to be found would come at once when it is; so it is found already.
                second.loopback.engage();
                second.announce();
                int wanted = Math.max(REPEATS, repeats(clientSide).max().orElseThrow() + 1);
                await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(1))
                        .until(() -> repeats(clientSide).allMatch(count -> count >= wanted));
                second.gate(GateMode.HOLD);
                long captured = System.nanoTime();
                assertThat(journal.size()).isZero();
                assertThat(nudge.nudge(table, 8)).isEqualTo(8 * CLIENTS);
                await().pollInterval(Duration.ofMillis(1)).until(() -> journal.size() >= CLIENTS);
                long afterMs = (System.nanoTime() - captured) / 1_000_000;
                System.out.println("NUDGE clients repeated after ms " + afterMs);
                assertThat(afterMs).isLessThan(500);
            }
        }
    }

    private static IntStream repeats(SocketScan clientSide) {
        return clientSide.connections(Ipv4Packet.address(Scene.CLIENT)).stream()
                .mapToInt(socket -> socket.info().retransmits());
    }
}
