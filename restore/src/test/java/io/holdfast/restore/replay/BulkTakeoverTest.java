package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Takeovers in the midst of large messages, of connections that come and go, without timestamps, and twice. */
class BulkTakeoverTest {
    /** On a crowded machine a clone may not get the processor for half a second; whether it diverges is not about that. */
    private static final ReplayOptions PATIENT = new ReplayOptions(true, 10_000, 2_000);

    private Scene scene;
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void open() {
        scene = keep(new Scene());
    }

    @AfterEach
    void close() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.add(resource);
        return resource;
    }

    private SceneNode first() throws Exception {
        SceneNode node = keep(new SceneNode(scene, 1, new Tape(), null));
        keep(new BulkServer(node.namespace));
        node.goLive();
        return node;
    }

    /** Takes over from a node that is cut off, with all it recorded. */
    private SceneNode takeOver(SceneNode from, int number) throws Exception {
        from.namespace.run("ip", "link", "set", Scene.LINK, "down");
        Tape journal = new Tape(from.tape);
        SceneNode node = keep(new SceneNode(scene, number, journal, null));
        Tape.Source source = journal.source(0);
        node.capture();
        keep(new BulkServer(node.namespace));
        node.replay(source, PATIENT);
        node.release();
        System.out.printf("REPLAYED %s%nFIXED %s%n", node.replay, node.fix);
        assertThat(node.fix.doomed()).isEmpty();
        return node;
    }

    private List<BulkClient> clients(int count, Supplier<BulkClient> each) {
        List<BulkClient> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(each.get());
        }
        return clients;
    }

    private static void awaitMessages(List<BulkClient> clients, long more) {
        long[] wanted = clients.stream().mapToLong(client -> client.messages() + more).toArray();
        await().atMost(Duration.ofSeconds(40)).until(() -> {
            boolean all = true;
            for (int i = 0; i < wanted.length; i++) {
                if (clients.get(i).isOver()) {
                    return true;
                }
                all &= clients.get(i).messages() >= wanted[i];
            }
            return all;
        });
    }

    @Test
    void largeMessagesGoOnTwice() throws Exception {
        SceneNode one = first();
        long[] seed = new long[1];
        List<BulkClient> clients = clients(4, () -> new BulkClient(scene, seed[0]++, 400_000, 1_000_000, 0));
        awaitMessages(clients, 20);
        SceneNode two = takeOver(one, 2);
        awaitMessages(clients, 20);
        takeOver(two, 3);
        awaitMessages(clients, 20);
        clients.forEach(BulkClient::stop);
    }

    @Test
    void connectionsThatComeAndGoOnTheSamePorts() throws Exception {
        SceneNode one = first();
        long[] seed = new long[1];
        List<BulkClient> clients = clients(6, () -> new BulkClient(scene, seed[0]++, 3_000, 3, (int) (20_000 + seed[0])));
        awaitMessages(clients, 60);
        SceneNode two = takeOver(one, 2);
        awaitMessages(clients, 60);
        takeOver(two, 3);
        awaitMessages(clients, 60);
        clients.forEach(BulkClient::stop);
    }

    @Test
    void connectionsWithoutTimestamps() throws Exception {
        scene.client.run("sysctl", "-q", "-w", "net.ipv4.tcp_timestamps=0");
        SceneNode one = first();
        long[] seed = new long[1];
        List<BulkClient> clients = clients(3, () -> new BulkClient(scene, seed[0]++, 30_000, 1_000_000, 0));
        awaitMessages(clients, 50);
        takeOver(one, 2);
        awaitMessages(clients, 50);
        clients.forEach(BulkClient::stop);
    }
}
