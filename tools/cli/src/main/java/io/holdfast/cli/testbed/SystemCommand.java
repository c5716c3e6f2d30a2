package io.holdfast.cli.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs one short command of the system (ip, nft, sh) to its end. Has no state; any thread. */
public final class SystemCommand {

    /** No command run here takes longer than this unless the machine hangs. */
    private static final long BOUND_SECONDS = 30;

    private SystemCommand() {
    }

    /** What a finished command left: its exit code and all it printed. */
    public record Result(int exitCode, String output) {
    }

    /** Runs a command that must succeed; the exception names the command and what it printed. */
    public static String run(String... command) {
        Result result = attempt(command);
        if (result.exitCode() != 0) {
            throw new TestbedException(String.join(" ", command) + " ended with " + result.exitCode()
                    + ": " + result.output().strip());
        }
        return result.output();
    }

    /** Runs a command whose failure is an answer, not an error. */
    public static Result attempt(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new TestbedException(String.join(" ", command) + " did not end within "
                        + BOUND_SECONDS + " s");
            }
            return new Result(process.exitValue(), output);
        } catch (IOException e) {
            throw new TestbedException("cannot run " + String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TestbedException("interrupted while running " + String.join(" ", command), e);
        }
    }
}
