package io.holdfast.cli.inspect;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Owned by one thread: a file, or a directory of files, that has its name only when it is whole. What is begun and not finished
 * is removed, also on Ctrl-C.
 */
public final class OutputFile implements AutoCloseable {
    private final Path file;
    private final Path partial;
    private final Thread onSignal;
    private boolean done;

    public OutputFile(Path file) {
        this.file = file;
        this.partial = file.resolveSibling("." + file.getFileName() + ".partial-" + ProcessHandle.current().pid());
        this.onSignal = new Thread(this::removeOrSay, "remove-partial-output");
        Runtime.getRuntime().addShutdownHook(onSignal);
    }

    /** Where to write meanwhile. */
    public Path partial() {
        return partial;
    }

    /** It is whole: takes the place of the file, or of the empty directory, that had its name before. */
    public void done() throws IOException {
        if (Files.isDirectory(partial)) {
            Files.deleteIfExists(file);
            Files.move(partial, file);
        } else if (Files.isRegularFile(file) || !Files.exists(file)) {
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
        } else {
            try (OutputStream device = Files.newOutputStream(file)) {
                Files.copy(partial, device);
            }
            Files.delete(partial);
        }
        done = true;
    }

    @Override
    public void close() throws IOException {
        if (!done) {
            remove();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(onSignal);
        } catch (IllegalStateException shuttingDown) {
            // It runs already, and finds nothing to remove.
        }
    }

    private void remove() throws IOException {
        if (Files.isDirectory(partial)) {
            try (Stream<Path> files = Files.walk(partial)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
        Files.deleteIfExists(partial);
    }

    private void removeOrSay() {
        try {
            remove();
        } catch (IOException e) {
            System.err.println("left behind: " + partial + ": " + e);
        }
    }
}
