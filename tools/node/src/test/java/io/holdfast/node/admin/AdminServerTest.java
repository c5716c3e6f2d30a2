package io.holdfast.node.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Who is let in at the admin endpoint, and what becomes of the others. */
class AdminServerTest {
    private static final int BOUND_MS = 30_000;
    private static final int ANSWER_BOUND_MS = 3_000;
    /** Low enough that no test but the one about it meets it. */
    private static final PatientOutput.Patience PATIENCE = new PatientOutput.Patience(ANSWER_BOUND_MS, 1 << 20);
    private static final int ANSWERING_THREADS = 8;
    private static final int STRANGERS_OF_AN_ADDRESS = 8;
    /** More than there are threads to listen to them. */
    private static final int STRANGERS = 200;
    /** More than the kernel keeps on both sides for a connection nobody reads. */
    private static final int IMAGE_BYTES = 64 << 20;

    @TempDir
    Path dir;
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private InetSocketAddress address;
    private ClusterTraffic ours;

    @BeforeEach
    void start() throws IOException {
        log.start();
        ((Logger) LoggerFactory.getLogger(Door.class)).addAppender(log);
        ours = traffic("ours");
        address = serve(ours);
    }

    @AfterEach
    void stop() throws Exception {
        ((Logger) LoggerFactory.getLogger(Door.class)).detachAppender(log);
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private ClusterTraffic traffic(String name) {
        return ClusterTraffic.closedBy(ClusterKey.generate(dir.resolve(name + ".key")));
    }

    private InetSocketAddress serve(ClusterTraffic traffic) throws IOException {
        return serve(traffic, PATIENCE);
    }

    private InetSocketAddress serve(ClusterTraffic traffic, PatientOutput.Patience patience) throws IOException {
        InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        AdminServer server = new AdminServer(at, traffic, at.getAddress()::equals, patience);
        server.route("GET", "/image", (exchange, path) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(new byte[IMAGE_BYTES]);
        });
        server.route("GET", "/status", (exchange, path) -> server.sendJson(exchange, 200, Map.of("node", "n1")));
        server.route("POST", "/say", (exchange, path) -> server.sendJson(exchange, 200, Map.of("said",
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))));
        server.start();
        open.add(server);
        return server.address();
    }

    private static HttpURLConnection connect(InetSocketAddress to, ClusterTraffic traffic, String path) throws IOException {
        HttpURLConnection connection = AdminConnection.to(to, traffic, path);
        connection.setConnectTimeout(BOUND_MS);
        connection.setReadTimeout(BOUND_MS);
        return connection;
    }

    private static String get(InetSocketAddress from, ClusterTraffic traffic, String path) throws IOException {
        try (InputStream in = connect(from, traffic, path).getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void whoHoldsTheKeyIsAnswered() throws IOException {
        assertThat(get(address, ours, "/status")).contains("n1");
        HttpURLConnection post = connect(address, ours, "/say");
        post.setRequestMethod("POST");
        post.setDoOutput(true);
        post.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
        assertThat(new String(post.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).contains("hello");
        assertThat(connect(address, ours, "/nowhere").getResponseCode()).isEqualTo(404);
    }

    @Test
    void anotherKeyIsRefusedAndTheLogSaysWhom() {
        ClusterTraffic theirs = traffic("theirs");
        assertThatThrownBy(() -> get(address, theirs, "/status")).isInstanceOf(IOException.class);
        await().atMost(BOUND_MS, TimeUnit.MILLISECONDS).until(() -> log.list.stream().map(ILoggingEvent::getFormattedMessage)
                .anyMatch(line -> line.contains("refused a connection from 127.0.0.1:")));
    }

    @Test
    void plainTextIsRefused() {
        assertThatThrownBy(() -> get(address, ClusterTraffic.OPEN, "/status")).isInstanceOf(IOException.class);
    }

    /** At a member's own address more of them than there are threads to listen: each is closed for a later one. */
    @Test
    @Timeout(60) // they would be closed for their time in the end; that would take minutes
    void strangersWhoSayNothingKeepNobodyOut() throws IOException {
        for (ClusterTraffic traffic : List.of(ours, ClusterTraffic.OPEN)) {
            InetSocketAddress at = serve(traffic);
            List<Socket> silent = new ArrayList<>();
            for (int i = 0; i < STRANGERS; i++) {
                silent.add(silent(at, at.getAddress()));
                if (i >= STRANGERS_OF_AN_ADDRESS) {
                    assertThat(silent.get(i - STRANGERS_OF_AN_ADDRESS).getInputStream().read()).as("the oldest").isEqualTo(-1);
                }
            }
            assertThat(get(at, traffic, "/status")).contains("n1");
        }
    }

    private Socket silent(InetSocketAddress to, InetAddress from) throws IOException {
        Socket silent = new Socket();
        open.add(silent);
        silent.setSoTimeout(BOUND_MS);
        silent.bind(new InetSocketAddress(from, 0));
        silent.connect(to, BOUND_MS);
        return silent;
    }

    @Test
    void anOpenEndpointIsOpenAndRefusesWhatIsNoRequest() throws IOException {
        InetSocketAddress plain = serve(ClusterTraffic.OPEN);
        assertThat(get(plain, ClusterTraffic.OPEN, "/status")).contains("n1");
        for (String nonsense : List.of("GET\r\n\r\n", "\u0016\u0003\u0001", "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "GET / HTTP/1.1\r\nx\r\n\r\n",
                "POST /say HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")) {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(BOUND_MS);
                socket.connect(plain, BOUND_MS);
                socket.getOutputStream().write(nonsense.getBytes(StandardCharsets.ISO_8859_1));
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1)).as(nonsense)
                        .startsWith("HTTP/1.1 400 ");
            }
        }
    }

    @Test
    void whoDoesNotReadItsAnswerIsGivenUp() throws IOException {
        for (ClusterTraffic traffic : List.of(ours, ClusterTraffic.OPEN)) {
            InetSocketAddress at = serve(traffic);
            for (int i = 0; i < ANSWERING_THREADS; i++) {
                Socket silent = traffic.isClosed() ? traffic.context().getSocketFactory().createSocket() : new Socket();
                open.add(silent);
                silent.setReceiveBufferSize(4 << 10);
                silent.connect(at, BOUND_MS);
                silent.getOutputStream().write("GET /image HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            }
            assertThat(get(at, traffic, "/status")).as(traffic.toString()).contains("n1");
            await().atMost(BOUND_MS, TimeUnit.MILLISECONDS).until(() -> log.list.stream().map(ILoggingEvent::getFormattedMessage)
                    .filter(line -> line.contains("which has not read its answer")).count() == ANSWERING_THREADS);
            log.list.clear();
        }
    }

    @Test
    void anImageMayTakeLongerThanTheBoundForAPieceOfIt() throws IOException {
        long began = System.nanoTime();
        try (InputStream in = connect(address, ours, "/image").getInputStream()) {
            int pieces = 8;
            for (int piece = 1; piece <= pieces; piece++) {
                long readUntil = began + TimeUnit.MILLISECONDS.toNanos(ANSWER_BOUND_MS * piece / 4);
                assertThat(in.readNBytes(IMAGE_BYTES / pieces)).hasSize(IMAGE_BYTES / pieces);
                await().pollInterval(10, TimeUnit.MILLISECONDS).until(() -> System.nanoTime() > readUntil);
            }
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    /** It takes each piece in time, and would have the whole image after 13 s. */
    @Test
    void whoTakesItsAnswerALittleAtATimeIsGivenUp() throws IOException {
        InetSocketAddress at = serve(ClusterTraffic.OPEN, new PatientOutput.Patience(ANSWER_BOUND_MS, 32 << 20));
        try (Socket slow = new Socket()) {
            slow.setReceiveBufferSize(4 << 10);
            slow.setSoTimeout(BOUND_MS);
            slow.connect(at, BOUND_MS);
            slow.getOutputStream().write("GET /image HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            await().atMost(2 * BOUND_MS, TimeUnit.MILLISECONDS).pollInterval(200, TimeUnit.MILLISECONDS)
                    .until(() -> slow.getInputStream().readNBytes(1 << 20).length < 1 << 20);
        }
        assertThat(log.list).anyMatch(line -> line.getFormattedMessage().contains("which has not read its answer"));
    }

    @Test
    void whoDripsAtAnOpenEndpointIsTurnedAway() throws Exception {
        InetSocketAddress plain = serve(ClusterTraffic.OPEN);
        try (Socket dripping = new Socket()) {
            dripping.connect(plain, BOUND_MS);
            await().atMost(BOUND_MS, TimeUnit.MILLISECONDS).pollInterval(100, TimeUnit.MILLISECONDS).until(() -> isTurnedAway(dripping));
        }
    }

    private static boolean isTurnedAway(Socket dripping) {
        try {
            dripping.getOutputStream().write('G');
            return false;
        } catch (IOException turnedAway) {
            return true;
        }
    }

    @Test
    void refusalsAreCountedAndTheLastOneIsShown() throws IOException {
        AdminServer server = (AdminServer) open.get(0);
        assertThat(server.refused().count()).isZero();
        ClusterTraffic theirs = traffic("theirs");
        for (int i = 1; i <= 3; i++) {
            int count = i;
            assertThatThrownBy(() -> get(address, theirs, "/status")).isInstanceOf(IOException.class);
            await().atMost(BOUND_MS, TimeUnit.MILLISECONDS).until(() -> server.refused().count() >= count);
        }
        assertThat(server.refused().last()).startsWith("127.0.0.1:");
        assertThat(server.refused().reason()).contains("no TLS handshake: ");
        assertThat(log.list.stream().filter(line -> line.getFormattedMessage().contains("refused")).count()).as("in the log")
                .isEqualTo(1);
    }

    /** Few from each address, so that only their number in all bounds them; it leaves threads for a member. */
    @Test
    void aFloodFromElsewhereKeepsNoMemberOut() throws Exception {
        for (int i = 0; i < 2 * STRANGERS; i++) {
            silent(address, InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) (1 + i / 4)}));
            if (i % 40 == 39) {
                assertThat(get(address, ours, "/status")).as("beside %d strangers", i + 1).contains("n1");
            }
        }
        AdminServer server = (AdminServer) open.get(0);
        assertThat(server.refused().count()).as("refused").isGreaterThan(STRANGERS);
        assertThat(server.refused().reason()).contains("too many at once that have not said what they want");
    }
}
