package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.SegmentBuilder;
import io.holdfast.restore.connection.SocketOwners;
import io.holdfast.restore.connection.SocketRepair;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.SocketState;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked of the kernel about sockets, and done to them, with sockets of this process in a namespace. */
class KernelSocketsTest {
    private static final int PORT = 7200;
    private static final int LOOPBACK_ADDRESS = Ipv4Packet.address("127.0.0.1");
    private static final List<Integer> THIS_PROCESS = List.of((int) ProcessHandle.current().pid());
    private Namespace namespace;
    private SocketScan scan;
    private ServerSocket listener;

    @BeforeEach
    void open() {
        namespace = new Namespace("k");
        scan = namespace.call(SocketScan::new);
        listener = namespace.call(() -> new ServerSocket(PORT, 10, InetAddress.getByName("127.0.0.1")));
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
        scan.close();
        namespace.close();
    }

    private Socket connect() {
        return namespace.call(() -> new Socket("127.0.0.1", PORT));
    }

    private static TcpTuple tuple(Socket client) {
        return new TcpTuple(LOOPBACK_ADDRESS, client.getLocalPort(), LOOPBACK_ADDRESS, PORT);
    }

    @Test
    void aSocketIsFoundWithItsQueuesAndItsOwner() throws Exception {
        try (Socket client = connect()) {
            TcpSocket waiting = scan.find(tuple(client));
            assertThat(waiting.inode()).as("of a socket nobody accepted").isZero();
            try (Socket server = listener.accept()) {
                client.getOutputStream().write(new byte[77]);
                await().until(() -> scan.unreadBytes(tuple(client)) == 77);
                TcpSocket found = scan.find(tuple(client));
                assertThat(found.state()).isEqualTo(SocketState.ESTABLISHED);
                assertThat(found.info().bytesReceived()).isEqualTo(77);
                assertThat(found.info().timestamps()).isTrue();
                assertThat(SocketOwners.of(THIS_PROCESS).owner(found.inode())).isNotNull();
                server.getInputStream().readNBytes(70);
                assertThat(scan.unreadBytes(tuple(client))).isEqualTo(7);
                assertThat(scan.connections(LOOPBACK_ADDRESS)).extracting(TcpSocket::tuple).contains(tuple(client));
            }
        }
    }

    @Test
    void noSocketIsNoAnswer() {
        TcpTuple none = TcpTuple.parse("127.0.0.1:1->127.0.0.1:" + PORT); // the listener would match
        assertThat(scan.find(none)).isNull();
        assertThat(scan.unreadBytes(none)).isEqualTo(-1);
        assertThat(scan.destroy(TcpTuple.parse("127.0.0.1:1->127.0.0.1:2"))).isFalse();
        assertThat(scan.listeners(LOOPBACK_ADDRESS)).hasSize(1);
        assertThat(SocketOwners.of(List.of(Integer.MAX_VALUE)).owner(1)).isNull();
        assertThat(SocketRepair.borrow(Integer.MAX_VALUE, 0)).isNull();
    }

    /** A server on the IPv6 wildcard, as most JVMs and nginx have it, serves IPv4 clients. */
    @Test
    void socketsOfMappedAddressesAreFoundToo() throws Exception {
        try (DualServer server = new DualServer(namespace); Socket client = server.connect()) {
            TcpTuple tuple = new TcpTuple(LOOPBACK_ADDRESS, client.getLocalPort(), LOOPBACK_ADDRESS, DualServer.PORT);
            assertThat(scan.connections(LOOPBACK_ADDRESS)).extracting(TcpSocket::tuple).contains(tuple);
            assertThat(scan.listeners(LOOPBACK_ADDRESS)).extracting(each -> each.tuple().serverPort()).contains(DualServer.PORT);
            assertThat(scan.unreadBytes(tuple)).isZero();
        }
    }

    /** This JVM keeps to IPv4, so the server is a program of its own. */
    private record DualServer(Namespace namespace, Process program) implements AutoCloseable {
        static final int PORT = 7201;
        private static final String SCRIPT = """
                import socket
                s = socket.socket(socket.AF_INET6)
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                s.bind(("::", %d))
                s.listen()
                held = []
                while True: held.append(s.accept())
                """;

        DualServer(Namespace namespace) {
            this(namespace, namespace.launch("python3", "-c", SCRIPT.formatted(PORT)));
        }

        Socket connect() {
            Socket[] connected = new Socket[1];
            await().until(() -> {
                connected[0] = namespace.call(() -> {
                    try {
                        return new Socket("127.0.0.1", PORT);
                    } catch (ConnectException e) {
                        return null;
                    }
                });
                return connected[0] != null;
            });
            return connected[0];
        }

        @Override
        public void close() {
            Namespace.kill(program);
        }
    }

    @Test
    void askingWhatIsUnreadAllocatesNothing() throws Exception {
        try (Socket client = connect()) {
            TcpTuple tuple = tuple(client);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            int rounds = 20_000;
            long allocated = 0;
            long begin = 0;
            for (int i = 0; i < 2 * rounds; i++) {
                if (i == rounds) {
                    allocated = threads.getCurrentThreadAllocatedBytes();
                    begin = System.nanoTime();
                }
                scan.unreadBytes(tuple);
            }
            System.out.printf("UNREAD asked in %d ns%n", (System.nanoTime() - begin) / rounds);
            assertThat(threads.getCurrentThreadAllocatedBytes() - allocated).isLessThan(rounds);
        }
    }

    @Test
    void destroyingTellsTheClient() throws Exception {
        try (Socket client = connect(); Socket server = listener.accept()) {
            assertThat(scan.destroy(tuple(client))).isTrue();
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
            assertThat(scan.find(tuple(client))).isNull();
        }
    }

    @Test
    void theClockOfASocketInUseIsPutForward() throws Exception {
        try (Socket client = connect(); Socket server = listener.accept()) {
            SocketOwners.Owner owner = SocketOwners.of(THIS_PROCESS).owner(scan.find(tuple(client)).inode());
            try (SocketRepair socket = SocketRepair.borrow(owner.pid(), owner.fd())) {
                int before = socket.timestamp();
                socket.timestamp(before + 60_001);
                assertThat(socket.timestamp() - before).isBetween(60_000, 65_000);
                assertThat(socket.timestamp() & 1).as("unit: milliseconds").isZero();
                assertThat(socket.info().timestamps()).isTrue();
                client.getOutputStream().write(new byte[3]);
                await().until(() -> scan.unreadBytes(tuple(client)) == 3);
                int received = socket.receiveSequence();
                client.getOutputStream().write(new byte[2]);
                await().until(() -> scan.unreadBytes(tuple(client)) == 5);
                assertThat(socket.receiveSequence()).isEqualTo(received + 2);
                int written = socket.sendSequence();
                server.getOutputStream().write(new byte[9]);
                assertThat(socket.sendSequence()).isEqualTo(written + 9);
                assertThat(client.getInputStream().readNBytes(9)).hasSize(9);
            }
        }
    }

    @Test
    void whatIsNotAcceptedAtAMarkIsInFlight() throws Exception {
        ConnectionTable table = new ConnectionTable(64);
        try (Socket accepted = connect(); Socket server = listener.accept(); Socket waiting = connect();
                Socket halfClosed = connect()) {
            halfClosed.shutdownOutput();
            await().until(() -> scan.find(tuple(halfClosed)).state() == SocketState.CLOSE_WAIT);
            int index = 10;
            for (Socket each : List.of(accepted, waiting, halfClosed)) {
                table.apply(index++, 1, new SegmentBuilder(tuple(each))
                        .flags(TcpView.SYN).view());
            }
            assertThat(InFlightConnection.among(scan.connections(LOOPBACK_ADDRESS), table)).containsExactlyInAnyOrder(
                    new InFlightConnection(tuple(waiting), 11), new InFlightConnection(tuple(halfClosed), 12));
        }
    }

    @Test
    void trackedConnectionsOfTheAddressAreFlushed() {
        try (ConntrackAdjust conntrack = namespace.call(ConntrackAdjust::new)) {
            TcpTuple one = TcpTuple.parse("192.0.2.1:1->10.0.0.100:80");
            TcpTuple other = TcpTuple.parse("192.0.2.1:1->10.0.0.101:80");
            conntrack.install(one, 12_345);
            conntrack.install(one, -1); // in place of the one before
            conntrack.install(other, 5);
            assertThat(conntrack.flush(one.serverAddress())).isOne();
            assertThat(conntrack.remove(one)).isFalse();
            assertThat(conntrack.remove(other)).isTrue();
        }
    }
}
