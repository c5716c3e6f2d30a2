package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.CaptureCount;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.PacketSink;
import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.SocketScan;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A machine dies in the middle of a handshake. */
class PendingHandshakeTest {
    private Scene scene;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<Integer> deltas = new ArrayList<>();

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

    /** Takes SYNs in and refuses everything else, as a leader does that has just lost its followers. */
    private static final class SynsOnly implements PacketSink {
        private final Tape tape;
        private final Ipv4Packet header = new Ipv4Packet();
        private final TcpView segment = new TcpView();

        SynsOnly(Tape tape) {
            this.tape = tape;
        }

        @Override
        public boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck) {
            boolean syn = header.wrap(packet) && segment.wrap(header) && segment.has(TcpView.SYN);
            return syn && tape.offer(packet, epochNanos, pureAck);
        }

        @Override
        public long committedCount() {
            return tape.committedCount();
        }

        @Override
        public void reset() {
            tape.reset();
        }
    }

    private SceneNode first() throws Exception {
        Tape tape = new Tape();
        SceneNode node = keep(new SceneNode(scene, 1, tape, new SynsOnly(tape), null));
        keep(new BulkServer(node.namespace));
        return node;
    }

    /** Returns once the client has its answer. */
    private void takeOver(SceneNode from, Future<Integer> client, int capturedBeforeReplay) throws Exception {
        from.namespace.run("ip", "link", "set", Scene.LINK, "down");
        Tape journal = new Tape(from.tape);
        PassOn watch = new PassOn();
        SceneNode node = keep(new SceneNode(scene, 2, journal, journal, watch));
        ConntrackAdjust conntrack = keep(node.namespace.call(ConntrackAdjust::new));
        ContinuedHandshakes continued = new ContinuedHandshakes(node.scan, 100);
        SocketScan watchScan = keep(node.namespace.call(SocketScan::new));
        PendingHandshakes pending = new PendingHandshakes(node.loopback, conntrack, watchScan,
                (tuple, delta, hasTimestamps, echo) -> {
                    deltas.add(delta);
                    continued.onContinued(tuple, delta, hasTimestamps, echo);
                });
        watch.to = pending;
        Tape.Source source = journal.source(0);
        var table = journal.table();
        pending.begin(table);
        assertThat(pending.size()).isOne();
        int before = journal.size();
        node.capture();
        keep(new BulkServer(node.namespace));
        await().until(() -> journal.size() >= before + capturedBeforeReplay);
        node.replay(source, ReplayOptions.DEFAULT);
        assertThat(node.fix.pending()).hasSize(1);
        pending.resolve(node.replay, node.fix);
        node.release();
        List<Integer> pids = List.of((int) ProcessHandle.current().pid());
        await().atMost(Duration.ofSeconds(15)).pollInterval(Duration.ofMillis(5)).until(() -> {
            continued.finish(pids, journal.table());
            return client.isDone() && continued.isEmpty();
        });
        assertThat(Namespace.await(client)).isEqualTo('x' ^ 0x5a);
    }

    private Future<Integer> client() {
        return scene.client.start(() -> {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(15_000);
                socket.connect(new InetSocketAddress(Scene.VIP, BulkServer.PORT), 15_000);
                socket.getOutputStream().write(new byte[] {0, 0, 0, 1, 'x'});
                return socket.getInputStream().read();
            }
        });
    }

    /** The client saw the dead primary's answer to its SYN, and what it has sent since never reached the journal. */
    @Test
    void theClientHasSeenTheOldAnswer() throws Exception {
        SceneNode one = first();
        one.goLive();
        Future<Integer> client = client();
        // The acknowledgement and the message are refused; the repeated message comes 200 ms later.
        await().until(() -> one.agent.count(CaptureCount.DROPPED_REFUSED) >= 2);
        takeOver(one, client, 0);
        assertThat(deltas).hasSize(1).doesNotContain(0);
    }

    /** As before, and the client's repeated message is captured before the clone's number is known. */
    @Test
    void theClientGoesOnBeforeTheReplay() throws Exception {
        SceneNode one = first();
        one.goLive();
        Future<Integer> client = client();
        await().until(() -> one.agent.count(CaptureCount.DROPPED_REFUSED) >= 2);
        takeOver(one, client, 1);
        assertThat(deltas).hasSize(1).doesNotContain(0);
    }

    /** The answer to the SYN never left: the client repeats its SYN, or takes the clone's answer. */
    @Test
    void theClientHasSeenNoAnswer() throws Exception {
        SceneNode one = first();
        one.muzzle();
        one.goLive();
        Future<Integer> client = client();
        await().until(() -> one.tape.size() >= 1);
        takeOver(one, client, 0);
        assertThat(deltas).isEmpty();
    }
}
