package io.holdfast.restore.checkpoint;

import io.holdfast.restore.workload.ProcessTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One CRIU process and what it leaves: a directory with its log. Owned by the thread that started it; a thread of its
 * own reads what the process says.
 */
final class CriuRun {
    private static final Logger LOG = LoggerFactory.getLogger(CriuRun.class);
    static final String LOG_NAME = "criu.log";
    private static final String OUTPUT_NAME = "output.txt";
    private static final String END_OF_OUTPUT = "end of output";
    private static final int LINES_QUOTED = 4;
    private static final int BYTES_QUOTED_FROM = 64 * 1024;
    /**
     * CRIU 4.2.1 that finds less in an image than it should asks for the rest for ever and logs each time (pages-1.img
     * cut short: 20 MB of log a second); a log longer than this means that.
     */
    private static final long MAX_LOG_BYTES = 32 << 20;
    private static final long KEPT_LOG_BYTES = 4 << 20;
    private static final long LOG_CHECK_MS = 100;
    private static final long KILL_TIMEOUT_MS = 5_000;

    private final String what;
    private final Path directory;
    private final Process process;
    private final long deadlineNanos;
    private final long timeoutMs;
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    /** @param directory exists; empty, this run's alone */
    CriuRun(String what, List<String> command, Path directory, long timeoutMs) {
        this.what = what;
        this.directory = directory;
        this.timeoutMs = timeoutMs;
        this.deadlineNanos = System.nanoTime() + timeoutMs * 1_000_000;
        try {
            process = new ProcessBuilder(command).directory(directory.toFile())
                .redirectError(directory.resolve(OUTPUT_NAME).toFile()).start();
        } catch (IOException e) {
            throw new CriuException("cannot start " + command.get(0), null, e);
        }
        Thread reader = new Thread(this::read, "criu-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    long pid() {
        return process.pid();
    }

    Path log() {
        return directory.resolve(LOG_NAME);
    }

    /** Waits until the process says exactly this; throws when it ends or the time is up instead. */
    void await(String line) {
        String heard;
        do {
            heard = next();
            if (heard == null) {
                throw timedOut();
            }
            if (heard.equals(END_OF_OUTPUT)) {
                throw failed("ended too early");
            }
        } while (!heard.equals(line));
    }

    /** Throws when the time is up. */
    void requireTime() {
        if (System.nanoTime() - deadlineNanos > 0) {
            throw timedOut();
        }
    }

    void answer(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new CriuException(what + ": CRIU does not listen any more. " + lastWords(), log(), e);
        }
    }

    /** Waits for the end of the process, which has to be a good one. */
    void awaitSuccess() {
        while (!awaitEnd(LOG_CHECK_MS)) {
            requireTime();
            if (log().toFile().length() > MAX_LOG_BYTES) {
                throw failed("it turns in circles");
            }
        }
        if (process.exitValue() != 0) {
            throw failed("exit code " + process.exitValue());
        }
    }

    boolean awaitEnd(long milliseconds) {
        try {
            return process.waitFor(milliseconds, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CriuException(what + " interrupted", log(), e);
        }
    }

    /** Kills the process and all below it; of a restore that is whatever was brought back so far. */
    void kill() {
        ProcessTree.kill(process.pid(), KILL_TIMEOUT_MS);
        if (log().toFile().length() > KEPT_LOG_BYTES) {
            try (FileChannel file = FileChannel.open(log(), StandardOpenOption.WRITE)) {
                file.truncate(KEPT_LOG_BYTES);
            } catch (IOException e) {
                LOG.warn("cannot shorten {}", log(), e);
            }
        }
    }

    void deleteDirectory() {
        Directories.delete(directory);
    }

    CriuException failed(String how) {
        return new CriuException(what + " failed (" + how + "): " + lastWords() + " [log: " + log() + "]", log());
    }

    private CriuException timedOut() {
        return new CriuException(what + " did not end within " + timeoutMs + " ms: " + lastWords() + " [log: " + log() + "]", log());
    }

    private String next() {
        try {
            return said.poll(Math.max(1, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CriuException(what + " interrupted", log(), e);
        }
    }

    private void read() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                said.add(line);
            }
        } catch (IOException closed) {
            // The stream is closed under us when the process is killed: that is its end as well.
        }
        said.add(END_OF_OUTPUT);
    }

    /** The errors in the log, else its last lines, else what was printed before there was a log. */
    private String lastWords() {
        List<String> log = lines(log());
        List<String> errors = log.stream().filter(line -> line.contains("Error (")).toList();
        List<String> words = Stream.of(errors, lines(directory.resolve(OUTPUT_NAME)), log)
            .filter(lines -> !lines.isEmpty()).findFirst().orElse(List.of("it said nothing"));
        return String.join("; ", words.subList(Math.max(0, words.size() - LINES_QUOTED), words.size()));
    }

    /** Whole lines from the end of the file; none when there is no such file. */
    private static List<String> lines(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (FileChannel channel = FileChannel.open(file)) {
            channel.position(Math.max(0, channel.size() - BYTES_QUOTED_FROM));
            String text = new String(Channels.newInputStream(channel).readNBytes(BYTES_QUOTED_FROM), StandardCharsets.ISO_8859_1);
            return text.lines().filter(line -> !line.isBlank()).toList();
        } catch (IOException e) {
            return List.of("(" + file + " cannot be read: " + e + ")");
        }
    }
}
