package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.testbed.JavaCommand;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Testbed;
import io.holdfast.cli.testbed.TestbedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A {@link CounterClient} running in the client's namespace. Any thread; one command at a time.
 */
public final class ClientProcess implements AutoCloseable {

    private static final long ANSWER_BOUND_SECONDS = 40;
    private static final List<String> FLAGS = List.of("-Xms64m", "-Xmx64m", "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");

    private final Process process;
    private final Writer commands;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final ObjectMapper json = new ObjectMapper();

    private ClientProcess(Process process) {
        this.process = process;
        this.commands = process.outputWriter();
        Thread reader = new Thread(this::readAnswers, "client-answers");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts the client; it opens no connection yet. */
    public static ClientProcess start(Testbed testbed, long thinkMicros, long seed) {
        List<String> command = JavaCommand.of(FLAGS, CounterClient.class.getName(), List.of(Layout.VIP,
                Integer.toString(Layout.WORKLOAD_PORT), "holdfast:" + testbed.layout().name() + ":",
                Long.toString(thinkMicros), Long.toString(seed)));
        try {
            return new ClientProcess(new ProcessBuilder(testbed.inClient(command))
                    .redirectError(testbed.layout().logs().resolve("client.log").toFile()).start());
        } catch (IOException e) {
            throw new TestbedException("cannot start the client", e);
        }
    }

    /** Opens connections; each batch of a connection has {@code depth} requests. Returns the report after it. */
    public ClientReport open(int count, int depth) {
        return ask("open " + count + " " + depth);
    }

    public ClientReport report() {
        return ask("report");
    }

    /** Stops asking, waits for what is under way, compares the keys; the last report. */
    public ClientReport stop() {
        return ask("stop");
    }

    private synchronized ClientReport ask(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
            String line = answers.poll(ANSWER_BOUND_SECONDS, TimeUnit.SECONDS);
            if (line == null) {
                throw new TestbedException("the client does not answer '" + command + "'"
                        + (process.isAlive() ? "" : ": it ended with " + process.exitValue()));
            }
            JsonNode answer = json.readTree(line);
            if (answer.has("error")) {
                throw new TestbedException("the client: " + answer.get("error").asText());
            }
            return new ClientReport(answer);
        } catch (IOException e) {
            throw new TestbedException("the client is gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TestbedException("interrupted while the client answers '" + command + "'", e);
        }
    }

    private void readAnswers() {
        try (BufferedReader in = process.inputReader()) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answers.add(line);
            }
        } catch (IOException e) {
            answers.add("{\"error\":\"" + e.getClass().getSimpleName() + " reading its answers\"}");
        }
    }

    /** Ends the client process; its connections are reset or closed by the kernel. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
