package io.holdfast.benchmarks.group;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** One member's process and what it has said. Owned by the main thread; a thread of its own reads. */
final class MemberProcess {
    private static final long ANSWER_MS = 90_000;

    private final String name;
    private final Process process;
    private final Writer input;
    private final List<String> lines = new ArrayList<>();

    MemberProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        input = new OutputStreamWriter(process.getOutputStream());
        Thread reader = new Thread(this::read, "output of " + name);
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        String last = "output ended";
        try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                heard(line);
            }
        } catch (IOException e) {
            last += ": " + e;
        }
        heard(last);
    }

    private void heard(String line) {
        synchronized (lines) {
            lines.add(line);
            lines.notifyAll();
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    boolean running() {
        return process.isAlive();
    }

    int said() {
        synchronized (lines) {
            return lines.size();
        }
    }

    /** The first line from number {@code from} on that fits, or null when there is none in time. */
    String await(int from, Predicate<String> fits, long timeoutMs) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        synchronized (lines) {
            for (int at = from; ; ) {
                for (; at < lines.size(); at++) {
                    if (fits.test(lines.get(at))) {
                        return lines.get(at);
                    }
                }
                long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (leftMs <= 0 || !process.isAlive() && lines.contains("output ended")) {
                    return null;
                }
                lines.wait(leftMs);
            }
        }
    }

    /** The words of the answer. */
    String[] ask(String question, String... answers) throws IOException, InterruptedException {
        int from = said();
        input.write(question + "\n");
        input.flush();
        String line = await(from, l -> List.of(answers).contains(l.split(" ")[0]), ANSWER_MS);
        if (line == null) {
            throw new IOException(name + " does not answer '" + question + "'; it said " + lines.subList(from, lines.size()));
        }
        return line.split(" ");
    }

    boolean leads() throws IOException, InterruptedException {
        return ask("role", "role")[1].equals("true");
    }

    /** {@code kill -9}; returns the System.nanoTime() before it. */
    long kill() {
        long before = System.nanoTime();
        process.destroyForcibly();
        return before;
    }

    void awaitEnd() {
        process.onExit().join();
    }
}
