package io.holdfast.benchmarks.append;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * One log's turn with one setting: a log of its own, so that disk use stays bounded and each pays for its fresh pages. Not
 * timed is the first batch, with which the journal begins a file, as it does once every 256 MB.
 *
 * @param latency nanoseconds of each batch
 * @param faults  page faults of the appending thread, as the kernel counts them
 */
record Turn(long batches, long nanos, Histogram latency, long faults) {
    private static final String PREFIX = "holdfast-append-";
    private static final long LONGEST_NANOS = 60_000_000_000L;
    /** Below where the kernel makes writers wait for the disk (vm.dirty_background_ratio), and below a journal file's length. */
    private static final long MAX_BYTES = 128 << 20;

    static Turn take(Subject subject, AppendSetting setting, int millis) throws Exception {
        Path dir = Files.createTempDirectory(PREFIX);
        try (Log log = subject.open(dir.resolve("log"), setting)) {
            Histogram latency = new Histogram(LONGEST_NANOS, 3);
            log.append();
            long mostBatches = MAX_BYTES / ((long) setting.bytes() * setting.batch());
            long faultsBefore = pageFaults();
            long start = System.nanoTime();
            long end = start + millis * 1_000_000L;
            long batches = 0;
            long now = start;
            for (long before = start; now < end && batches < mostBatches; before = due(now, start, ++batches, setting)) {
                log.append();
                now = System.nanoTime();
                latency.recordValue(Math.min(now - before, LONGEST_NANOS));
            }
            return new Turn(batches, now - start, latency, pageFaults() - faultsBefore);
        } finally {
            remove(dir);
        }
    }

    /** Waits until the next batch is due; returns since when it is. */
    private static long due(long now, long start, long batches, AppendSetting setting) {
        if (setting.perSecond() == 0) {
            return now;
        }
        long due = start + batches * 1_000_000_000L / setting.perSecond();
        while (System.nanoTime() < due) {
            Thread.onSpinWait();
        }
        return due;
    }

    /** Where the logs are: on a file system in memory, forcing to disk costs nothing. */
    static String fileSystem() throws IOException {
        Path probe = Files.createTempDirectory(PREFIX);
        try {
            return Files.getFileStore(probe).type();
        } finally {
            Files.delete(probe);
        }
    }

    /** Minor and major ones: proc_pid_stat(5), fields 10 and 12, counted from behind the name in brackets. */
    private static long pageFaults() throws IOException {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[7]) + Long.parseLong(fields[9]);
    }

    private static void remove(Path dir) throws IOException {
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
