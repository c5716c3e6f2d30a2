package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.ImageConnections;
import io.holdfast.restore.connection.SegmentBuilder;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.SocketState;
import io.holdfast.restore.connection.TcpTuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packets made by hand, replayed to servers in this process through a real stack. */
class ReplayTest {
    private static final int CLIENT_ISN = -50; // wraps around within the first message
    /** What the primary is made to have answered with: the clone will not. */
    private static final int PRIMARY_ISN = 0x7fff_fff0;
    private static final long MILLI = 1_000_000;

    private final TcpTuple tuple = TcpTuple.parse("192.0.2.7:40000->" + Scene.VIP + ":" + BulkServer.PORT);
    private final List<byte[]> packets = new ArrayList<>();
    private Namespace namespace;
    private Loopback loopback;
    private SocketScan scan;
    private long lastIndex;

    @BeforeEach
    void open() {
        namespace = new Namespace("r");
        namespace.run("ip", "addr", "add", Scene.VIP + "/32", "dev", "lo");
        loopback = namespace.call(() -> Loopback.open(new LoopbackConfig("hf-tun", Scene.VIP_ADDRESS, 4242, 1500)));
        loopback.engage();
        scan = namespace.call(SocketScan::new);
    }

    @AfterEach
    void close() {
        scan.close();
        loopback.close();
        namespace.close();
    }

    private SegmentBuilder segment(int offset, int acknowledged) {
        return new SegmentBuilder(tuple).sequence(CLIENT_ISN + 1 + offset).acknowledgement(PRIMARY_ISN + 1 + acknowledged);
    }

    private void add(SegmentBuilder segment) {
        packets.add(segment.bytes());
    }

    private void handshake() {
        add(new SegmentBuilder(tuple).flags(TcpView.SYN).sequence(CLIENT_ISN));
        add(segment(0, 0));
    }

    /** A message of a {@link BulkServer} and the acknowledgement of its answer. */
    private void message(int offset, int acknowledged, int length) {
        byte[] bytes = ByteBuffer.allocate(4 + length).putInt(length).array();
        add(segment(offset, acknowledged).payload(bytes).flags(TcpView.ACK | TcpView.PSH));
    }

    /** Replays what was added since the last call. */
    private ReplayReport replay(ConnectionTable table, ReplayOptions options) {
        Iterator<byte[]> iterator = List.copyOf(packets).iterator();
        packets.clear();
        Replayer replayer = new Replayer(loopback, scan, options);
        return replayer.replay(table, new ReplaySource() {
            private byte[] packet;

            @Override
            public boolean next() {
                boolean more = iterator.hasNext();
                packet = more ? iterator.next() : null;
                lastIndex += more ? 1 : 0;
                return more;
            }

            @Override
            public long index() {
                return lastIndex;
            }

            @Override
            public long epochNanos() {
                return lastIndex * MILLI;
            }

            @Override
            public int copyTo(ByteBuffer into) {
                into.put(0, packet);
                return packet.length;
            }
        });
    }

    @Test
    void aConnectionOfTheImageGoesOnWithItsDelta() throws Exception {
        try (BulkServer server = new BulkServer(namespace)) {
            ConnectionTable first = new ConnectionTable(64);
            handshake();
            message(0, 0, 100);
            message(104, 100, 200); // its answer is on the way at the mark
            ReplayReport before = replay(first, ReplayOptions.DEFAULT);
            int delta = before.connections().get(0).delta();
            first.survived(tuple, delta);
            await().until(() -> scan.find(tuple).sendQueueBytes() == 200);
            // The manifest goes to another node as text.
            ImageConnections image = ImageConnections.fromJson(
                    ImageConnections.at(first, scan.connections(Scene.VIP_ADDRESS)).toJson());
            assertThat(image.inFlight()).isEmpty();
            ConnectionTable second = ConnectionTable.of(image.table(), 64);
            message(308, 300, 50);
            add(segment(362, 350));
            ReplayReport after = replay(second, ReplayOptions.DEFAULT);
            assertThat(after.clamped()).isZero();
            assertThat(after.skipped()).isZero();
            ReplayReport.Outcome outcome = after.connections().get(0);
            assertThat(outcome.delta()).isEqualTo(delta);
            assertThat(outcome.acknowledged()).isEqualTo(PRIMARY_ISN + 351);
            assertThat(outcome.sent()).isEqualTo(PRIMARY_ISN + 351);
            assertThat(outcome.given()).isEqualTo(scan.find(tuple).info().bytesReceived());
            await().until(() -> scan.find(tuple).sendQueueBytes() == 0);
            assertThat(second.find(tuple).highestAck()).isEqualTo(PRIMARY_ISN + 351);
        }
    }

    @Test
    void anAcknowledgementTheCloneNeverEarnsIsCutDownAndCounted_I6() throws Exception {
        try (BulkServer server = new BulkServer(namespace)) {
            handshake();
            message(0, 0, 100);
            message(104, 101, 10); // the primary is made to have sent one byte more than this server does
            message(118, 111, 10);
            long begin = System.nanoTime();
            ReplayReport report = replay(new ConnectionTable(64), new ReplayOptions(true, 60, 20));
            assertThat(System.nanoTime() - begin).isLessThan(2_000 * MILLI);
            assertThat(report.clamped()).isEqualTo(2);
            ReplayReport.Outcome outcome = report.connections().get(0);
            assertThat(outcome.diverged()).isTrue();
            assertThat(outcome.given()).isEqualTo(132).isEqualTo(scan.find(tuple).info().bytesReceived());
        }
    }

    @Test
    void aCloneThatSendsLessAtATimeIsKeptSending() throws Exception {
        try (BulkServer server = new BulkServer(namespace)) {
            int length = 300_000;
            handshake();
            message(0, 0, 4);
            for (int at = 0; at < length + 4; at += 1000) {
                int part = Math.min(1000, length + 4 - at);
                byte[] bytes = new byte[part];
                if (at == 0) {
                    ByteBuffer.wrap(bytes).putInt(0, length);
                }
                add(segment(8 + at, 4).payload(bytes).window(65535));
            }
            // One acknowledgement of it all: far beyond the clone's first congestion window.
            add(segment(8 + length + 4, 4 + length).window(65535));
            ReplayReport report = replay(new ConnectionTable(64), ReplayOptions.DEFAULT);
            assertThat(report.clamped()).isZero();
            assertThat(report.prodded()).isPositive();
            assertThat(report.connections().get(0).sent()).isEqualTo(PRIMARY_ISN + 1 + 4 + length);
        }
    }

    @Test
    void bytesThatDoNotFitTheClonesBufferAreNoticed() throws Exception {
        try (ServerSocket listener = namespace.call(() -> {
            ServerSocket socket = new ServerSocket();
            socket.setReceiveBufferSize(2048);
            socket.bind(new InetSocketAddress(Scene.VIP, BulkServer.PORT));
            return socket;
        })) {
            handshake();
            for (int i = 0; i < 100; i++) {
                add(segment(i * 1000, 0).payload(new byte[1000]));
            }
            ReplayReport report = replay(new ConnectionTable(64), new ReplayOptions(true, 5, 1));
            ReplayReport.Outcome outcome = report.connections().get(0);
            assertThat(outcome.given()).isEqualTo(100_000);
            assertThat(scan.find(tuple).info().bytesReceived()).isLessThan(100_000);
        }
    }

    @Test
    void requestsOfDifferentConnectionsAreReadInOrder_I4() throws Exception {
        int clients = 8;
        int rounds = 2_000;
        for (int i = 0; i < clients; i++) {
            add(new SegmentBuilder(client(i)).flags(TcpView.SYN).sequence(0));
            add(new SegmentBuilder(client(i)).sequence(1).acknowledgement(PRIMARY_ISN + 1));
        }
        StringBuilder expected = new StringBuilder();
        Random random = new Random(5);
        int[] sent = new int[clients];
        for (int round = 0; round < rounds; round++) {
            int who = random.nextInt(clients);
            byte letter = (byte) ('a' + who);
            add(new SegmentBuilder(client(who)).sequence(1 + sent[who]++).acknowledgement(PRIMARY_ISN + 1)
                    .payload(new byte[] {letter}));
            expected.append((char) letter);
        }
        try (ServerSocketChannel listener = namespace.call(() -> ServerSocketChannel.open()
                .bind(new InetSocketAddress(Scene.VIP, BulkServer.PORT))); Selector selector = Selector.open()) {
            StringBuffer read = new StringBuffer();
            Thread server = new Thread(() -> serveReady(listener, selector, read));
            server.setDaemon(true);
            server.start();
            ReplayReport report = replay(new ConnectionTable(64), new ReplayOptions(true, 500, 10_000));
            assertThat(report.unread()).isZero();
            await().until(() -> read.length() == rounds);
            assertThat(read).hasToString(expected.toString());
        }
    }

    private static TcpTuple client(int number) {
        return TcpTuple.parse("192.0.2.7:" + (41_000 + number) + "->" + Scene.VIP + ":" + BulkServer.PORT);
    }

    /** One thread that reads whatever is ready, as most servers are built; it answers nothing. */
    private static void serveReady(ServerSocketChannel listener, Selector selector, StringBuffer read) {
        try {
            listener.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
            ByteBuffer buffer = ByteBuffer.allocate(100);
            while (selector.isOpen()) {
                selector.select(key -> readReady(key, selector, buffer, read));
            }
        } catch (IOException | ClosedSelectorException e) {
            return; // the end of the test
        }
    }

    private static void readReady(SelectionKey key, Selector selector, ByteBuffer buffer, StringBuffer read) {
        try {
            if (key.isAcceptable()) {
                ((ServerSocketChannel) key.channel()).accept().configureBlocking(false).register(selector, SelectionKey.OP_READ);
                return;
            }
            ((SocketChannel) key.channel()).read(buffer.clear());
            read.append(StandardCharsets.US_ASCII.decode(buffer.flip()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void nothingAPacketSaysDisturbsAReplay() throws Exception {
        try (BulkServer server = new BulkServer(namespace)) {
            Random random = new Random(7);
            handshake();
            for (int i = 0; i < 3_000; i++) {
                add(hostile(random));
            }
            // In between nothing of it may have hurt a client that keeps to the rules.
            TcpTuple honest = TcpTuple.parse("192.0.2.9:5000->" + Scene.VIP + ":" + BulkServer.PORT);
            add(new SegmentBuilder(honest).flags(TcpView.SYN).sequence(9));
            add(new SegmentBuilder(honest).sequence(10).acknowledgement(78));
            add(new SegmentBuilder(honest).sequence(10).acknowledgement(78).payload(new byte[] {0, 0, 0, 1, 'x'}));
            add(new SegmentBuilder(honest).sequence(15).acknowledgement(79));
            ReplayReport report = replay(new ConnectionTable(64), new ReplayOptions(true, 1, 1));
            assertThat(report.entries()).isEqualTo(3_006);
            ReplayReport.Outcome outcome = report.connections().stream().filter(each -> each.tuple().equals(honest))
                    .findFirst().orElseThrow();
            assertThat(outcome.diverged()).isFalse();
            assertThat(outcome.acknowledged()).isEqualTo(79);
            assertThat(scan.find(honest).state()).isEqualTo(SocketState.ESTABLISHED);
        }
    }

    private byte[] hostileBytes(Random random, byte[] packet) {
        for (int i = random.nextInt(6); i > 0; i--) {
            packet[random.nextInt(packet.length)] = (byte) random.nextInt();
        }
        return random.nextInt(5) == 0 ? Arrays.copyOf(packet, random.nextInt(packet.length + 1)) : packet;
    }

    private void add(byte[] packet) {
        packets.add(packet);
    }

    private byte[] hostile(Random random) {
        TcpTuple from = new TcpTuple(tuple.clientAddress(), 40_000 + random.nextInt(4), tuple.serverAddress(), tuple.serverPort());
        SegmentBuilder segment = new SegmentBuilder(from).flags(random.nextInt(64)).sequence(random.nextInt(3) * 1_000 + CLIENT_ISN)
                .acknowledgement(random.nextInt(3) * 1_000 + PRIMARY_ISN).payload(new byte[random.nextInt(40)])
                .timestamps(random.nextInt(), random.nextInt());
        return hostileBytes(random, segment.bytes());
    }
}
