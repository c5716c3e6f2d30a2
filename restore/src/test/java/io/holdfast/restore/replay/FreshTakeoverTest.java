package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A real Redis dies; a fresh one in another namespace gets its packets again; real clients go on. */
class FreshTakeoverTest {
    private static final int PORT = 6379;
    static final String[] REDIS = {"redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode",
        "no", "--save", "", "--appendonly", "no"};

    @Test
    void connectionsOutliveTheServer() throws Exception {
        try (Scene scene = new Scene(); SceneNode first = new SceneNode(scene, 1, new Tape(), null)) {
            first.launch(PORT, REDIS);
            first.goLive();
            List<CountingClient> clients = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                clients.add(new CountingClient(scene, PORT, "own" + i, 1));
            }
            clients.add(new CountingClient(scene, PORT, "pipelined", 20));
            awaitAnswers(clients, 300);
            first.crash();
            Tape journal = new Tape(first.tape);
            try (SceneNode second = new SceneNode(scene, 2, journal, null)) {
                takeOver(second, journal);
                awaitAnswers(clients, 300);
                clients.forEach(CountingClient::stop);
                System.out.println("gaps ms " + clients.stream().map(CountingClient::longestGapMs).toList());
            }
        }
    }

    private static void takeOver(SceneNode node, Tape journal) throws Exception {
        Tape.Source source = journal.source(0);
        node.capture();
        node.launch(PORT, REDIS);
        node.replay(source, ReplayOptions.DEFAULT);
        node.release();
        System.out.println(node.replay);
        System.out.println(node.fix);
        assertThat(node.replay.clamped()).isZero();
        assertThat(node.fix.doomed()).isEmpty();
    }

    static void awaitAnswers(List<CountingClient> clients, long more) {
        long[] wanted = clients.stream().mapToLong(client -> client.answers() + more).toArray();
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            for (int i = 0; i < wanted.length; i++) {
                if (clients.get(i).isOver()) {
                    return true;
                }
                if (clients.get(i).answers() < wanted[i]) {
                    return false;
                }
            }
            return true;
        });
    }
}
