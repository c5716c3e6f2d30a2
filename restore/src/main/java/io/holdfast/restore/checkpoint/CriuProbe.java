package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether CRIU works here. Stateless; any thread.
 *
 * <p>CRIU tries out some fifty features of the kernel, which takes 20 ms, and remembers the answers in
 * {@code /run/criu.kdat}: but only when {@code /run} is a tmpfs, so that they go with the kernel they are true of
 * (criu/kerndat.c). Where it is not, the dump would take three times as long with the gate closed. Then we have CRIU
 * write the answers to a tmpfs of its own and put the file where it looks for it, anew each time a node starts.
 */
final class CriuProbe {
    private static final Logger LOG = LoggerFactory.getLogger(CriuProbe.class);
    private static final Path RUN = Path.of("/run");
    private static final Path ANSWERS = RUN.resolve("criu.kdat");
    private static final String FIND_OUT = "mount -t tmpfs tmpfs /run && \"$1\" check >/dev/null 2>&1 && cat /run/criu.kdat";

    private final Path program;
    private final String minimumVersion;
    private final long timeoutMs;

    CriuProbe(Path program, String minimumVersion, long timeoutMs) {
        this.program = program;
        this.minimumVersion = minimumVersion;
        this.timeoutMs = timeoutMs;
    }

    CriuCheck check() {
        if (!Files.isExecutable(program)) {
            return new CriuCheck(false, "", program + " is not an executable file");
        }
        try {
            Answer version = run(List.of(program.toString(), "--version"));
            String number = version.text().lines().filter(line -> line.startsWith("Version:"))
                .map(line -> line.substring("Version:".length()).strip()).findFirst().orElse("");
            if (version.exitCode() != 0 || number.isEmpty()) {
                return new CriuCheck(false, number, program + " does not say its version: " + version.text().strip());
            }
            if (compare(number, minimumVersion) < 0) {
                return new CriuCheck(false, number, "CRIU " + number + " is too old, " + minimumVersion + " is needed");
            }
            Answer check = run(List.of(program.toString(), "check"));
            if (check.exitCode() != 0) {
                return new CriuCheck(false, number, "criu check: " + check.text().strip());
            }
            remember();
            return new CriuCheck(true, number, "");
        } catch (IOException e) {
            return new CriuCheck(false, "", program + " cannot be run: " + e.getMessage());
        }
    }

    private void remember() throws IOException {
        if (Files.getFileStore(RUN).type().equals("tmpfs")) {
            return;
        }
        Path fresh = Files.createTempFile(RUN, "criu.kdat.", ".new");
        try {
            Process process = new ProcessBuilder("unshare", "--mount", "sh", "-c", FIND_OUT, "sh", program.toString())
                .redirectOutput(fresh.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            if (await(process) && process.exitValue() == 0) {
                Files.move(fresh, ANSWERS, StandardCopyOption.ATOMIC_MOVE);
            } else {
                LOG.warn("CRIU's knowledge of the kernel cannot be kept: every dump and restore takes some 20 ms longer");
            }
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private record Answer(int exitCode, String text) {
    }

    private Answer run(List<String> command) throws IOException {
        Path output = Files.createTempFile("holdfast-criu", ".txt");
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
            if (!await(process)) {
                return new Answer(-1, "no end within " + timeoutMs + " ms");
            }
            return new Answer(process.exitValue(), Files.readString(output, StandardCharsets.ISO_8859_1));
        } finally {
            Files.delete(output);
        }
    }

    /** False, and the process killed, when it does not end in time. */
    private boolean await(Process process) throws IOException {
        try {
            if (process.waitFor(timeoutMs, TimeUnit.MILLISECONDS)) {
                return true;
            }
            process.destroyForcibly();
            return false;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Of version numbers such as 4.2.1. */
    static int compare(String left, String right) {
        String[] a = left.split("\\.");
        String[] b = right.split("\\.");
        for (int i = 0; i < Math.max(a.length, b.length); i++) {
            int difference = Integer.compare(part(a, i), part(b, i));
            if (difference != 0) {
                return difference;
            }
        }
        return 0;
    }

    private static int part(String[] version, int place) {
        String digits = place < version.length ? version[place].replaceAll("[^0-9].*", "") : "";
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }
}
