package io.holdfast.cli.inspect.reexecute;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.testbed.JavaCommand;
import io.holdfast.restore.workload.WorkloadProcesses;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Network, mount and PID namespaces of their own with one process of ours in them; closing ends all that is in there. Any
 * thread may close; the rest belongs to the thread that made it.
 *
 * <p>It outlives nobody: the kernel kills the PID namespace with its first process, that one with {@code unshare}
 * (PR_SET_PDEATHSIG), and the process in it ends when our end of its standard input does. Namespaces, mounts and files in
 * memory go with the last process.
 */
final class Sandbox implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> FLAGS = List.of("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData", "-Djava.io.tmpdir=" + SandboxLayout.TEMPORARY);
    private static final int LINES_KEPT = 40;
    private static final long END_BOUND_SECONDS = 20;

    private final Process process;
    private final BufferedReader answers;
    private final Deque<String> lastWords = new ArrayDeque<>();
    private final Thread listener;

    private Sandbox(Process process) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.listener = new Thread(this::listen, "sandbox-log");
        this.listener.setDaemon(true);
        this.listener.start();
    }

    /** Starts it; nothing has happened in it yet when this returns. */
    static Sandbox start(SandboxLayout layout, SandboxRequest request) {
        List<String> java = JavaCommand.of(FLAGS, SandboxProcess.class.getName(), List.of());
        // A session of its own: Ctrl-C on the terminal is for us, who then end it in order.
        List<String> command = List.of("setsid", "unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork",
                "--kill-child=KILL", "--mount-proc", "sh", "-c", layout.script(java));
        try {
            Sandbox sandbox = new Sandbox(new ProcessBuilder(command).start());
            sandbox.process.getOutputStream().write((JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8));
            sandbox.process.getOutputStream().flush();
            return sandbox;
        } catch (IOException e) {
            throw new SandboxException("no sandbox: " + e.getMessage(), e);
        }
    }

    /** Waits for the answer. @throws SandboxException when there is none, or it says why not */
    ReexecutionReport await() {
        SandboxAnswer answer;
        try {
            String line = answers.readLine();
            if (line == null) {
                listener.join(TimeUnit.SECONDS.toMillis(END_BOUND_SECONDS));
                throw new SandboxException("the sandbox ended without an answer: " + lastWords());
            }
            answer = JSON.readValue(line, SandboxAnswer.class);
        } catch (IOException e) {
            throw new SandboxException("the sandbox's answer cannot be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted", e);
        }
        if (answer.report() == null) {
            throw new SandboxException(answer.failure());
        }
        return answer.report();
    }

    /** The number outside the sandbox of a process that has {@code inside} in it; empty when it has ended. */
    Optional<Long> outsidePid(long inside) {
        return WorkloadProcesses.of(process.pid()).stream().filter(pid -> numbers(pid).length > 2
                && numbers(pid)[2].equals(Long.toString(inside))).findFirst();
    }

    /** The process's numbers, ours first, then that in the sandbox; the first word is the line's name. */
    private static String[] numbers(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status"), StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.startsWith("NSpid:")).findFirst().orElse("").split("\\s+");
        } catch (IOException ended) {
            return new String[0];
        }
    }

    /** Waits until somebody ends it. */
    void awaitEnd() {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void listen() {
        try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (lastWords) {
                    lastWords.add(line);
                    if (lastWords.size() > LINES_KEPT) {
                        lastWords.remove();
                    }
                }
            }
        } catch (IOException e) {
            synchronized (lastWords) {
                lastWords.add("(its log cannot be read: " + e.getMessage() + ")");
            }
        }
    }

    /** What it logged last. */
    String lastWords() {
        synchronized (lastWords) {
            return String.join(System.lineSeparator(), lastWords);
        }
    }

    /** Ends everything in it and waits until it is gone. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            // Its log ends when the last process that could write to it has.
            if (!process.waitFor(END_BOUND_SECONDS, TimeUnit.SECONDS)) {
                throw new SandboxException("process " + process.pid() + " outlives kill -9");
            }
            listener.join(TimeUnit.SECONDS.toMillis(END_BOUND_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
