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
import java.net.ServerSocket;
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
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Who is let in at the admin endpoint, and what becomes of the others. */
class AdminServerTest {
    private static final int BOUND_MS = 30_000;

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
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        AdminServer server = new AdminServer(at, traffic);
        server.route("GET", "/status", (exchange, path) -> server.sendJson(exchange, 200, Map.of("node", "n1")));
        server.route("POST", "/say", (exchange, path) -> server.sendJson(exchange, 200, Map.of("said",
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))));
        server.start();
        open.add(server);
        return at;
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
                .anyMatch(line -> line.contains("refused a connection from /127.0.0.1:")));
    }

    @Test
    void plainTextIsRefused() {
        assertThatThrownBy(() -> get(address, ClusterTraffic.OPEN, "/status")).isInstanceOf(IOException.class);
    }

    @Test
    void strangersWhoSayNothingKeepNobodyOut() throws IOException {
        for (int i = 0; i < 100; i++) {
            Socket silent = new Socket();
            silent.connect(address, BOUND_MS);
            open.add(silent);
        }
        assertThat(get(address, ours, "/status")).contains("n1");
    }

    @Test
    void anOpenEndpointIsOpenAndRefusesWhatIsNoRequest() throws IOException {
        InetSocketAddress plain = serve(ClusterTraffic.OPEN);
        assertThat(get(plain, ClusterTraffic.OPEN, "/status")).contains("n1");
        for (String nonsense : List.of("GET\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "GET / HTTP/1.1\r\nx\r\n\r\n",
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
}
