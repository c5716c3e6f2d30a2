package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * The client of the demo, a process of its own: counts on many connections and reports what it saw. Owned by its main
 * thread, which obeys one command a line on standard input and answers each with one line of JSON on standard output:
 * {@code open N [DEPTH]}, {@code report}, {@code stop}. It ends when its standard input does.
 *
 * <p>Times are System.nanoTime(), which on Linux is CLOCK_MONOTONIC in every process (HotSpot, os_posix.cpp,
 * os::javaTimeNanos), so that whoever started this client can compare them with its own.
 */
public final class CounterClient {

    private static final long DRAIN_BOUND_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long OPEN_BOUND_NANOS = TimeUnit.SECONDS.toNanos(15);
    private static final int FINAL_CHECK_TIMEOUT_MS = 5_000;

    private final InetSocketAddress target;
    private final String keyPrefix;
    private final long thinkNanos;
    private final long seed;
    private final ObjectMapper json = new ObjectMapper();
    private final List<CounterConnection> connections = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Histogram latencyNanos = new Histogram(3);

    CounterClient(InetSocketAddress target, String keyPrefix, long thinkNanos, long seed) {
        this.target = target;
        this.keyPrefix = keyPrefix;
        this.thinkNanos = thinkNanos;
        this.seed = seed;
    }

    /** Arguments: HOST PORT KEY_PREFIX THINK_MICROS SEED. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 5) {
            System.err.println("usage: CounterClient HOST PORT KEY_PREFIX THINK_MICROS SEED");
            System.exit(2);
        }
        CounterClient client = new CounterClient(
                new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])), arguments[2],
                TimeUnit.MICROSECONDS.toNanos(Long.parseLong(arguments[3])), Long.parseLong(arguments[4]));
        client.obey(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII)), System.out);
        System.exit(0);
    }

    private void obey(BufferedReader commands, PrintStream out) throws IOException, InterruptedException {
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.strip().split(" +");
            ObjectNode answer = switch (words[0]) {
                case "open" -> open(Integer.parseInt(words[1]), words.length > 2 ? Integer.parseInt(words[2]) : 1);
                case "report" -> report();
                case "stop" -> stop();
                default -> json.createObjectNode().put("error", "no such command: " + line);
            };
            out.println(json.writeValueAsString(answer));
            out.flush();
        }
    }

    /** Opens connections and waits until each is open or broken. */
    ObjectNode open(int count, int depth) throws InterruptedException {
        List<CounterConnection> opened = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int id = connections.size() + 1;
            CounterConnection connection = new CounterConnection(id, keyPrefix + id, depth, thinkNanos, target,
                    seed + id);
            Thread thread = new Thread(connection, "connection-" + id);
            thread.setDaemon(true);
            connections.add(connection);
            threads.add(thread);
            opened.add(connection);
            thread.start();
        }
        long deadline = System.nanoTime() + OPEN_BOUND_NANOS;
        while (opened.stream().anyMatch(connection -> connection.state() == CounterConnection.State.OPENING)
                && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        return report();
    }

    /** What every connection saw so far; pauses are reported once. */
    ObjectNode report() {
        ObjectNode report = json.createObjectNode();
        report.put("atNanos", System.nanoTime());
        long answers = 0;
        long wrong = 0;
        long lost = 0;
        int broken = 0;
        ArrayNode each = report.putArray("connections");
        ArrayNode pauses = report.putArray("pauses");
        for (CounterConnection connection : connections) {
            CounterConnection.State state = connection.state();
            boolean over = state == CounterConnection.State.BROKEN || state == CounterConnection.State.UNANSWERED;
            answers += connection.answers();
            wrong += connection.wrong();
            lost += over ? connection.outstanding() : 0;
            broken += state == CounterConnection.State.BROKEN ? 1 : 0;
            each.addObject().put("id", connection.id()).put("depth", connection.depth())
                    .put("state", state.name()).put("answers", connection.answers())
                    .put("wrong", connection.wrong()).put("outstanding", connection.outstanding())
                    .put("openedNanos", connection.openedNanos())
                    .put("lastAnswerNanos", connection.lastAnswerNanos()).put("reason", connection.reason());
            connection.takePauses().forEach(pause -> pauses.addObject().put("connection", pause.connection())
                    .put("startNanos", pause.startNanos()).put("endNanos", pause.endNanos()));
            latencyNanos.add(connection.latencyNanos().getIntervalHistogram());
        }
        report.put("answers", answers).put("wrong", wrong).put("lost", lost).put("broken", broken);
        report.putObject("latencyMicros").put("p50", latencyNanos.getValueAtPercentile(50) / 1_000)
                .put("p99", latencyNanos.getValueAtPercentile(99) / 1_000)
                .put("max", latencyNanos.getMaxValue() / 1_000);
        return report;
    }

    /**
     * Asks no more, waits for what is under way, and reads every key once more on a new connection: an INCR that was
     * carried out twice after its last answer would show only there.
     */
    ObjectNode stop() throws InterruptedException {
        connections.forEach(CounterConnection::stop);
        long deadline = System.nanoTime() + DRAIN_BOUND_NANOS;
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        }
        connections.forEach(CounterConnection::giveUp);
        for (Thread thread : threads) {
            thread.join();
        }
        ObjectNode report = report();
        finalCheck(report);
        return report;
    }

    private void finalCheck(ObjectNode report) {
        long compared = 0;
        long different = 0;
        try (Socket socket = new Socket()) {
            socket.connect(target, FINAL_CHECK_TIMEOUT_MS);
            socket.setSoTimeout(FINAL_CHECK_TIMEOUT_MS);
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(),
                    StandardCharsets.US_ASCII));
            for (CounterConnection connection : connections) {
                if (connection.state() != CounterConnection.State.DONE || connection.answers() == 0) {
                    continue;
                }
                socket.getOutputStream().write(("GET " + connection.key() + "\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                String length = in.readLine();
                String value = length != null && length.startsWith("$") && !length.equals("$-1")
                        ? in.readLine() : length;
                compared++;
                if (!Long.toString(connection.value()).equals(value)) {
                    different++;
                    report.put("finalDifference", connection.key() + ": answered " + connection.value()
                            + ", holds " + value);
                }
            }
        } catch (IOException e) {
            report.put("finalFailure", e.toString());
        }
        report.put("finalCompared", compared).put("finalDifferent", different);
    }
}
