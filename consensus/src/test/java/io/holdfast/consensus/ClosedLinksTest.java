package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.holdfast.consensus.security.ClusterTraffic;
import org.jgroups.stack.IpAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Who gets a word in between the members of a group, and what becomes of those who do not. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ClosedLinksTest {
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listenToTheLog() {
        log.start();
        ((Logger) LoggerFactory.getLogger(Links.class)).addAppender(log);
    }

    @AfterEach
    void stopListening() {
        ((Logger) LoggerFactory.getLogger(Links.class)).detachAppender(log);
    }

    @Test
    void messagesOfAnyLengthArriveWholeAndInOrderBothWays() throws Exception {
        Random random = new Random(7);
        List<byte[]> sent = new ArrayList<>();
        for (int length : new int[] {0, 1, 300, 16_379, 16_384, 16_385, 64 << 10, 70_001, 1 << 20, 2 << 20, 5}) {
            byte[] message = new byte[length];
            random.nextBytes(message);
            sent.add(message);
        }
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED)) {
            for (int round = 0; round < 20; round++) {
                send(one, other.place, sent);
                eventually().until(() -> other.received.size() == sent.size());
                send(other, one.place, sent);
                eventually().until(() -> one.received.size() == sent.size());
                assertThat(Arrays.deepEquals(other.received.toArray(), sent.toArray())).as("to the other").isTrue();
                assertThat(Arrays.deepEquals(one.received.toArray(), sent.toArray())).as("from the other").isTrue();
                one.received.clear();
                other.received.clear();
            }
            assertThat(log.list).as("the log").isEmpty();
        }
    }

    @Test
    void whoReadsAlongLearnsNothing() throws Exception {
        byte[] secret = "a secret of the clients".getBytes(StandardCharsets.UTF_8);
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED);
             TestProxy proxy = new TestProxy(other.place)) {
            eventually().until(() -> one.send(proxy.place(), secret) && !other.received.isEmpty());
            assertThat(new String(proxy.seen(), StandardCharsets.ISO_8859_1)).isNotEmpty()
                    .doesNotContain("secret").doesNotContain("group");
        }
        try (LinkEnd one = new LinkEnd(ClusterTraffic.OPEN); LinkEnd other = new LinkEnd(ClusterTraffic.OPEN);
             TestProxy proxy = new TestProxy(other.place)) {
            eventually().until(() -> one.send(proxy.place(), secret) && !other.received.isEmpty());
            assertThat(new String(proxy.seen(), StandardCharsets.ISO_8859_1)).contains("secret").contains("group");
        }
    }

    @Test
    void aChangedByteEndsTheConnectionAndTheNextMessageGoesOverAnother() throws Exception {
        byte[] message = new byte[500];
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED);
             TestProxy proxy = new TestProxy(other.place)) {
            eventually().until(() -> one.send(proxy.place(), message) && !other.received.isEmpty());
            other.received.clear();
            proxy.spoilNext();
            byte[] spoilt = new byte[400];
            one.send(proxy.place(), spoilt);
            eventually().until(() -> logged("is not what was sent"));
            eventually().until(() -> one.closed.contains(proxy.place()));
            eventually().until(() -> one.send(proxy.place(), message) && !other.received.isEmpty());
            assertThat(other.received).as("what the other was given").allMatch(m -> m.length == 500);
        }
    }

    @Test
    void aCutConnectionIsNoticedAtOnce() throws Exception {
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED);
             TestProxy proxy = new TestProxy(other.place)) {
            eventually().until(() -> one.send(proxy.place(), new byte[10]) && !other.received.isEmpty());
            long cut = System.nanoTime();
            proxy.cut();
            eventually().until(() -> one.closed.contains(proxy.place()) && other.closed.contains(one.place));
            assertThat(System.nanoTime() - cut).as("nanoseconds until both know").isLessThan(10_000_000_000L);
        }
    }

    @Test
    void aMemberWithAnotherKeyIsRefusedAndBothSaySo() throws Exception {
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd stranger = new LinkEnd(TestTraffic.another())) {
            stranger.send(one.place, new byte[10]);
            eventually().until(() -> logged(stranger.place.getPort() + ": refused the connection to 127.0.0.1:"
                    + one.place.getPort() + ": no TLS handshake: it holds another key: "));
            eventually().until(() -> logged(one.place.getPort() + ": refused a connection from 127.0.0.1:"));
            assertThat(log.list.toString()).contains("the other side turns it away: Received fatal alert: certificate_unknown");
            one.send(stranger.place, new byte[10]);
            assertThat(one.received).isEmpty();
            assertThat(stranger.received).isEmpty();
            assertThat(one.failure()).isNull();
        }
    }

    @Test
    void aMemberWithoutAKeyIsRefused() throws Exception {
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd open = new LinkEnd(ClusterTraffic.OPEN)) {
            open.send(one.place, new byte[10]);
            eventually().until(() -> logged("refused a connection from 127.0.0.1:"));
            one.send(open.place, new byte[10]);
            eventually().until(() -> logged(open.place.getPort() + ": refused a connection from"));
            assertThat(one.received).isEmpty();
            assertThat(open.received).isEmpty();
        }
    }

    @Test
    void strangersAreTurnedAwayHoweverTheyBeginAndMembersGoOn() throws Exception {
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED)) {
            eventually().until(() -> one.send(other.place, new byte[10]) && !other.received.isEmpty());
            assertThat(firstWords(one.place, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII))).isTrue();
            assertThat(firstWords(one.place, new byte[50_000])).isTrue();
            assertThat(firstWords(one.place, halfAClientHello())).as("given up in time").isTrue();
            assertThat(firstWords(one.place, new byte[0])).as("given up in time").isTrue();
            Random random = new Random(11);
            for (int i = 0; i < 20; i++) {
                byte[] noise = new byte[2_000];
                random.nextBytes(noise);
                System.arraycopy(new byte[] {22, 3, 1, 7, (byte) 0xcb, 1, 0, 7, (byte) 0xc7, 3, 3}, 0, noise, 0, 11);
                assertThat(firstWords(one.place, noise)).as("a hello of noise").isTrue();
            }
            assertThat(logged("no TLS handshake: ")).isTrue();
            other.received.clear();
            one.send(other.place, new byte[10]);
            eventually().until(() -> !other.received.isEmpty());
            assertThat(one.failure()).isNull();
            assertThat(one.closed).isEmpty();
        }
    }

    @Test
    void aCrowdOfSilentStrangersKeepsNoMemberOut() throws Exception {
        List<Socket> crowd = new ArrayList<>();
        try (LinkEnd one = new LinkEnd(TestTraffic.CLOSED); LinkEnd other = new LinkEnd(TestTraffic.CLOSED)) {
            for (int i = 0; i < 100; i++) {
                Socket socket = connect(one.place);
                socket.getOutputStream().write(halfAClientHello());
                crowd.add(socket);
            }
            eventually().until(() -> other.send(one.place, new byte[10]) && !one.received.isEmpty());
            assertThat(crowd.stream().filter(ClosedLinksTest::isEnded).count()).as("turned away").isGreaterThanOrEqualTo(68);
        } finally {
            for (Socket socket : crowd) {
                socket.close();
            }
        }
    }

    private static void send(LinkEnd from, IpAddress to, List<byte[]> messages) {
        for (byte[] message : messages) {
            eventually().until(() -> from.send(to, message));
        }
    }

    private boolean logged(String text) {
        return List.copyOf(log.list).stream().anyMatch(e -> e.getFormattedMessage().contains(text));
    }

    private static byte[] halfAClientHello() {
        return new byte[] {22, 3, 1, 1, 0, 1, 0, 0, (byte) 0xfc, 3, 3};
    }

    private static Socket connect(IpAddress place) throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(place.getIpAddress(), place.getPort()), 5_000);
        return socket;
    }

    /** Says something and waits until it is turned away. */
    private static boolean firstWords(IpAddress place, byte[] words) throws IOException {
        try (Socket socket = connect(place)) {
            socket.setSoTimeout(30_000);
            new DataOutputStream(socket.getOutputStream()).write(words);
            new DataInputStream(socket.getInputStream()).readFully(new byte[1 << 16]);
            return false;
        } catch (EOFException | SocketException turnedAway) {
            return true;
        }
    }

    private static boolean isEnded(Socket socket) {
        try {
            socket.setSoTimeout(1);
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }
}
