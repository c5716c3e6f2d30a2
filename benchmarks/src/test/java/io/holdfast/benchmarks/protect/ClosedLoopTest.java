package io.holdfast.benchmarks.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

class ClosedLoopTest {
    private static final Duration BOUND = Duration.ofSeconds(20);

    @Test
    void asksExactlySoManyTimesAndTimesEachAnswer() throws IOException {
        try (StandIn server = new StandIn(count -> ":" + count + "\r\n");
                ClosedLoop client = new ClosedLoop(server.address(), 3, "k", 0)) {
            assertThat(client.run(2, BOUND).answered()).as("fewer requests than connections").isEqualTo(2);
            Load load = client.run(100, BOUND);
            assertThat(load.answered()).isEqualTo(100);
            assertThat(load.latency().getTotalCount()).isEqualTo(100);
            assertThat(load.latency().getMaxValue()).isLessThanOrEqualTo(load.nanos() * 2);
        }
    }

    @Test
    void aRequestWithReplicasIsAnsweredWhenBothCommandsAre() throws IOException {
        try (StandIn server = new StandIn(count -> count % 2 == 1 ? ":" + (count + 1) / 2 + "\r\n" : ":1\r\n");
                ClosedLoop client = new ClosedLoop(server.address(), 1, "k", 1)) {
            assertThat(client.run(50, BOUND).answered()).isEqualTo(50);
        }
    }

    @Test
    void aWriteThatTooFewReplicasHoldIsAFailure() throws IOException {
        try (StandIn server = new StandIn(count -> count % 2 == 1 ? ":1\r\n" : ":0\r\n");
                ClosedLoop client = new ClosedLoop(server.address(), 1, "k", 1)) {
            assertThatThrownBy(() -> client.run(50, BOUND)).hasMessageContaining("only 0 replicas");
        }
    }

    @Test
    void aWrongAnswerAnErrorAndAClosedConnectionAreFailures() throws IOException {
        expectFailure(count -> ":" + (count < 7 ? count : 6) + "\r\n", "wrong answer: 6 after 6");
        expectFailure(count -> "-LOADING not yet\r\n", "-LOADING not yet");
        expectFailure(count -> count < 4 ? ":" + count + "\r\n" : null, "closed a connection after 3 answers");
        expectFailure(count -> ":" + count + "\r\n:9\r\n", "answer to nothing asked");
    }

    private static void expectFailure(LongFunction<String> answers, String message) throws IOException {
        try (StandIn server = new StandIn(answers); ClosedLoop client = new ClosedLoop(server.address(), 1, "k", 0)) {
            assertThatThrownBy(() -> client.run(50, BOUND)).isInstanceOf(IOException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void endsWhenItsTimeIsUp() throws IOException {
        try (StandIn server = new StandIn(count -> ":" + count + "\r\n");
                ClosedLoop client = new ClosedLoop(server.address(), 1, "k", 0)) {
            assertThat(client.run(Long.MAX_VALUE, Duration.ofMillis(200)).nanos())
                    .isBetween(200_000_000L, BOUND.toNanos());
        }
    }

    @Test
    void theFigureOfRedisBenchmarkIsFound() {
        assertThat(RedisBenchmark.parse("\"test\",\"rps\",\"avg_latency_ms\"\n\"INCR\",\"46511.63\",\"0.5\"\n"))
                .isEqualTo(46511.63);
        assertThatThrownBy(() -> RedisBenchmark.parse("Could not connect")).hasMessageContaining("Could not connect");
    }

    /** Answers the n-th command of each connection as told; null closes it. */
    private static final class StandIn implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        private final LongFunction<String> answers;

        StandIn(LongFunction<String> answers) throws IOException {
            this.answers = answers;
            start(() -> {
                while (true) {
                    Socket socket = listener.accept();
                    start(() -> serve(socket));
                }
            });
        }

        /** What ends with an exception has lost its socket, which the other side sees. */
        private interface Serving {
            void run() throws IOException;
        }

        private static void start(Serving work) {
            Thread thread = new Thread(() -> {
                try {
                    work.run();
                } catch (IOException e) {
                    Thread.currentThread().interrupt();
                }
            }, "stand-in");
            thread.setDaemon(true);
            thread.start();
        }

        private void serve(Socket socket) throws IOException {
            try (socket; BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(),
                    StandardCharsets.US_ASCII))) {
                OutputStream out = socket.getOutputStream();
                long count = 0;
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    for (int rest = 2 * Integer.parseInt(line.substring(1)); rest > 0; rest--) {
                        in.readLine();
                    }
                    String answer = answers.apply(++count);
                    if (answer == null) {
                        return;
                    }
                    out.write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            }
        }

        InetSocketAddress address() {
            return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
