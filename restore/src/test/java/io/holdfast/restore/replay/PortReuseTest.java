package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketRepair;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpTuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A connection that a takeover carried is reset by the server, and the client comes again from the same port. */
class PortReuseTest {
    private static final int CLIENT_PORT = 33_333;
    private final TcpTuple tuple = new TcpTuple(Ipv4Packet.address(Scene.CLIENT), CLIENT_PORT, Scene.VIP_ADDRESS, BulkServer.PORT);

    private static Socket connect(Scene scene) {
        return scene.client.call(() -> {
            Socket socket = new Socket();
            socket.setReuseAddress(true);
            socket.setSoTimeout(10_000);
            socket.bind(new InetSocketAddress(Scene.CLIENT, CLIENT_PORT));
            socket.connect(new InetSocketAddress(Scene.VIP, BulkServer.PORT), 10_000);
            return socket;
        });
    }

    private static void exchange(Socket socket) throws IOException {
        socket.getOutputStream().write(new byte[] {0, 0, 0, 1, 'x'});
        assertThat(socket.getInputStream().read()).isEqualTo('x' ^ 0x5a);
    }

    @Test
    void theNewConnectionIsNotTranslated() throws Exception {
        try (Scene scene = new Scene(); SceneNode first = new SceneNode(scene, 1, new Tape(), null);
                BulkServer server = new BulkServer(first.namespace)) {
            first.goLive();
            Socket before = connect(scene);
            exchange(before);
            first.namespace.run("ip", "link", "set", Scene.LINK, "down");
            Tape journal = new Tape(first.tape);
            PassOn observer = new PassOn();
            try (SceneNode second = new SceneNode(scene, 2, journal, observer);
                    BulkServer clone = new BulkServer(second.namespace);
                    ConntrackAdjust conntrack = second.namespace.call(ConntrackAdjust::new);
                    SocketScan watchScan = second.namespace.call(SocketScan::new)) {
                PendingHandshakes pending = new PendingHandshakes(second.loopback, conntrack, watchScan,
                        (tuple, delta, hasTimestamps, echo) -> { });
                observer.to = pending;
                Tape.Source source = journal.source(0);
                second.capture();
                second.replay(source, ReplayOptions.DEFAULT);
                pending.resolve(second.replay, second.fix);
                second.release();
                exchange(before);
                assertThat(second.fix.survivors().get(0).delta()).isNotZero();
                assertThat(second.scan.destroy(tuple)).isTrue();
                assertThatThrownBy(() -> before.getInputStream().read()).hasMessageContaining("reset");
                before.close();
                Socket after = connect(scene);
                exchange(after);
                assertThatNumbersAgree(second, journal);
                after.close();
            }
        }
    }

    /** What the client acknowledges is what the server's socket counts. */
    private void assertThatNumbersAgree(SceneNode node, Tape journal) {
        SocketOwners.Owner owner = SocketOwners.of(List.of((int) ProcessHandle.current().pid()))
                .owner(node.scan.find(tuple).inode());
        try (SocketRepair socket = SocketRepair.borrow(owner.pid(), owner.fd())) {
            await().untilAsserted(() -> {
                Connection known = journal.table().find(tuple);
                assertThat(known.highestAck()).isEqualTo(socket.sendSequence());
            });
        }
    }
}
