package io.holdfast.cli.inspect;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Owned by one thread: a file that has its name only when it is whole. What is begun and not finished is removed, also on
 * Ctrl-C.
 */
public final class OutputFile implements AutoCloseable {
    private final Path file;
    private final Path partial;
    private boolean done;

    public OutputFile(Path file) {
        this.file = file;
        this.partial = file.resolveSibling("." + file.getFileName() + ".partial-" + ProcessHandle.current().pid());
        partial.toFile().deleteOnExit();
    }

    /** Where to write meanwhile. */
    public Path partial() {
        return partial;
    }

    /** It is whole: takes the place of what had its name before. */
    public void done() throws IOException {
        if (Files.isRegularFile(file) || !Files.exists(file)) {
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
            Files.deleteIfExists(partial);
        }
    }
}
