package io.holdfast.restore.workload;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What the protected program is and where it keeps its files. Immutable.
 *
 * <p>The same on every node of a group: a restored process reopens its files by these paths.
 *
 * @param command          program (absolute path) and arguments
 * @param workingDirectory absolute
 * @param dataDirectories  absolute; everything the program writes and wants back after a takeover. None lies in another
 * @param environment      the program's whole environment but for {@code PATH}, which has a fixed default. The node's own
 *                         environment is not passed on: it would travel inside the image to the other nodes
 * @param output           where standard output and error go: {@code /dev/null}, or a file inside a data directory
 * @param readyPort        TCP port on which the started program listens once it is ready, 0 when it has none
 * @param stopTimeoutMs    how long the program may take to end after SIGTERM before it is killed
 */
public record WorkloadSpec(List<String> command, Path workingDirectory, List<Path> dataDirectories,
                           Map<String, String> environment, Path output, int readyPort, long stopTimeoutMs) {
    public static final Path NO_OUTPUT = Path.of("/dev/null");
    private static final Path ROOT = Path.of("/");
    private static final int MAX_PORT = 65_535;

    public WorkloadSpec {
        command = List.copyOf(command);
        dataDirectories = List.copyOf(dataDirectories);
        environment = java.util.Collections.unmodifiableMap(new TreeMap<>(environment));
        Objects.requireNonNull(workingDirectory, "workingDirectory");
        Objects.requireNonNull(output, "output");
        require(!command.isEmpty(), "command is empty");
        require(Path.of(command.get(0)).isAbsolute(), "command is '" + command.get(0) + "': an absolute path is needed");
        requireAbsolute("workingDirectory", workingDirectory);
        dataDirectories.forEach(directory -> requireAbsolute("dataDirectories", directory));
        requireApart(dataDirectories);
        require(output.equals(NO_OUTPUT) || isInside(output, dataDirectories),
            "output " + output + " is neither " + NO_OUTPUT + " nor in a data directory: a restored program could not reopen it");
        require(readyPort >= 0 && readyPort <= MAX_PORT, "readyPort is " + readyPort);
        require(stopTimeoutMs > 0, "stopTimeoutMs is " + stopTimeoutMs);
        environment.forEach((name, value) -> require(!name.isEmpty() && name.indexOf('=') < 0, "environment names '" + name + "'"));
    }

    /** A program that writes nothing to standard output or error that has to be kept. */
    public WorkloadSpec(List<String> command, Path workingDirectory, List<Path> dataDirectories,
                        Map<String, String> environment, int readyPort, long stopTimeoutMs) {
        this(command, workingDirectory, dataDirectories, environment, NO_OUTPUT, readyPort, stopTimeoutMs);
    }

    private static void requireAbsolute(String what, Path path) {
        require(path.isAbsolute() && path.normalize().equals(path), what + ": " + path + " is not an absolute, plain path");
    }

    /** A directory inside another would be copied twice and, when restored, first be deleted by its parent's turn. */
    private static void requireApart(List<Path> directories) {
        for (int i = 0; i < directories.size(); i++) {
            require(!directories.get(i).equals(ROOT), "dataDirectories: / cannot be one");
            for (int j = 0; j < directories.size(); j++) {
                require(i == j || !directories.get(i).startsWith(directories.get(j)),
                    "dataDirectories: " + directories.get(i) + " lies in " + directories.get(j));
            }
        }
    }

    private static boolean isInside(Path file, List<Path> directories) {
        return file.normalize().equals(file) && directories.stream().anyMatch(d -> file.startsWith(d) && !file.equals(d));
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
