package io.holdfast.cli.inspect;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Owned by one thread: a file, or a directory of files, that has its name only when it is whole. What is begun and not finished
 * is removed, also on Ctrl-C. A file is gone for good once it is removed; what writes into a directory could make files in it
 * again, so it has to look at {@link #isAbandoned()} and close, and the signal waits for that.
 */
public final class OutputFile implements AutoCloseable {
    private static final int STOP_BOUND_SECONDS = 10;

    private final Path file;
    private final Path partial;
    private final Thread onSignal;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean abandoned;
    private volatile boolean done;

    public OutputFile(Path file) {
        this(file, false);
    }

    /** A directory of files, whose writer looks at {@link #isAbandoned()}. */
    public static OutputFile directory(Path directory) {
        return new OutputFile(directory, true);
    }

    private OutputFile(Path file, boolean writerStops) {
        this.file = file;
        this.partial = file.resolveSibling("." + file.getFileName() + ".partial-" + ProcessHandle.current().pid());
        this.onSignal = new Thread(() -> abandon(writerStops), "remove-partial-output");
        Runtime.getRuntime().addShutdownHook(onSignal);
    }

    /** Where to write meanwhile. */
    public Path partial() {
        return partial;
    }

    /** Whether a signal ends the process: nothing more may be written. Any thread. */
    public boolean isAbandoned() {
        return abandoned;
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
        try {
            if (!done) {
                remove();
            }
        } finally {
            closed.countDown();
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

    private void abandon(boolean writerStops) {
        abandoned = true;
        try {
            if (writerStops) {
                closed.await(STOP_BOUND_SECONDS, TimeUnit.SECONDS);
            }
            if (!done) {
                remove();
            }
        } catch (IOException | InterruptedException e) {
            System.err.println("left behind: " + partial + ": " + e);
        }
    }
}
