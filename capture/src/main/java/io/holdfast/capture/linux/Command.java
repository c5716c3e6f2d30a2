package io.holdfast.capture.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program of the system to its end; stateless, any thread. The program runs in the calling thread's network
 * namespace. For set-up only: a start takes milliseconds.
 */
public final class Command {
    private static final int LIMIT_SECONDS = 20;

    /** A program that could not be started, took too long or ended with another status than 0. */
    public static final class FailedException extends RuntimeException {
        FailedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private Command() {
    }

    /** Runs it without input. Returns what it wrote to its standard output. */
    public static String run(String... command) {
        return run(List.of(command), "");
    }

    /** Runs it with {@code input}. Returns what it wrote to its standard output. */
    public static String run(List<String> command, String input) {
        Process process;
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException e) {
            throw new FailedException(command + " could not be started", e);
        }
        // Both pipes are drained while it runs, so that it never blocks on a full one.
        CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> readAll(process.getInputStream()));
        CompletableFuture<String> errors = CompletableFuture.supplyAsync(() -> readAll(process.getErrorStream()));
        try {
            IOException unread = write(process, input);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new FailedException(command + " took more than " + LIMIT_SECONDS + " s", null);
            }
            if (process.exitValue() != 0 || unread != null) {
                throw new FailedException(command + " ended with status " + process.exitValue() + ": "
                        + errors.join().strip(), unread);
            }
            return output.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FailedException(command + " was interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** Returns the failure to write all, which the program's own message explains better; null if there was none. */
    private static IOException write(Process process, String input) {
        try (var stream = process.getOutputStream()) {
            stream.write(input.getBytes(StandardCharsets.UTF_8));
            return null;
        } catch (IOException e) {
            return input.isEmpty() ? null : e;
        }
    }

    private static String readAll(java.io.InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
