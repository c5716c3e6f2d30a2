package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Called by the journal's writer, works on a thread of its own: deletes cycle files that were dropped, or moves them into
 * the archive. The writer may not wait for it: under full load giving back the mappings of five files of 256 MB took 110 to
 * 250 ms, deleting them 480 to 890 ms. A disk that is told of the room it gets back (ext4 with {@code discard}) forces
 * nothing else while one of them goes, 200 to 250 ms measured; so files go one by one, with time for others in between.
 *
 * <p>A file that could not be removed does no harm but to the disk: it is tried again at each opening, and told.
 */
final class Disposal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Disposal.class);
    private static final int CLOSE_SECONDS = 30;
    /** How many times as long as it took to remove a file the disk is left alone, up to {@link #MOST_PAUSE_MS}. */
    private static final int PAUSE_FACTOR = 4;
    private static final long MOST_PAUSE_MS = 1_000;

    private final StableStorage storage;
    private final Path dir;
    private final Path archive;
    private final ExecutorService worker = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "journal-files");
        thread.setDaemon(true);
        return thread;
    });
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile String problem;

    /** How one file goes. */
    private interface Removal<T> {
        void remove(T file) throws IOException;
    }

    Disposal(StableStorage storage, Path dir, Path archive) throws IOException {
        this.storage = storage;
        this.dir = dir;
        this.archive = archive;
        if (archive != null) {
            storage.createDirectories(archive);
            if (!Files.getFileStore(archive).equals(Files.getFileStore(dir))) {
                throw JournalException.advising(archive, -1, "the archive must be on the file system of the journal " + dir
                        + ": files are moved there by renaming them", "Name a directory there", null);
            }
        }
    }

    void dispose(List<CycleFile> files) {
        if (!files.isEmpty()) {
            worker.execute(() -> removeAll(files, this::retireAndRemove));
        }
    }

    /** On the caller's thread, when the journal opens: Chronicle would look into files that a power cut may have torn. */
    void disposeNow(List<Path> files) {
        if (!files.isEmpty()) {
            removeAll(files, this::remove);
        }
    }

    /** Goes on after a file that cannot be removed: the others are in nobody's way. */
    private <T> void removeAll(List<T> files, Removal<T> removal) {
        Exception failure = null;
        for (T file : files) {
            try {
                removal.remove(file);
            } catch (IOException | RuntimeException e) {
                failure = e;
            }
        }
        try {
            storage.forceDirectory(dir);
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
        problem = failure == null ? null : "cannot " + (archive == null ? "delete" : "archive") + " dropped files: " + failure;
        if (failure != null) {
            LOG.error("Journal {}: {}", dir, problem, failure);
        }
    }

    private void retireAndRemove(CycleFile file) throws IOException {
        long begunNanos = System.nanoTime();
        file.retire();
        remove(file.path());
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos);
        try {
            closing.await(Math.min(PAUSE_FACTOR * tookMs, MOST_PAUSE_MS), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    private void remove(Path file) throws IOException {
        if (archive == null) {
            storage.delete(file);
            return;
        }
        Path target = archive.resolve(file.getFileName());
        if (Files.exists(target)) {
            throw new IOException(target + " exists already: is the archive that of another journal?");
        }
        try {
            storage.rename(file, target);
        } catch (NoSuchFileException e) {
            LOG.debug("{} was archived before", file);
        }
        storage.forceDirectory(archive);
    }

    /** Why dropped files are still there, or null. Any thread. */
    String problem() {
        return problem;
    }

    /** Waits for what was asked for, which goes without pauses now. */
    @Override
    public void close() {
        closing.countDown();
        worker.shutdown();
        boolean interrupted = false;
        try {
            if (!worker.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.error("Journal {}: dropped files are not removed after {} s", dir, CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
