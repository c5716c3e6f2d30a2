package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Grown by one thread (the writer's, or the reader's that owns it), read by any: the cycle files of a directory, oldest
 * first.
 *
 * <p>A place in the journal is one long: the file's ordinal above bit 40, the position in it below.
 */
final class CycleFiles {
    static final String SUFFIX = ".cq4";
    static final long CYCLE_MS = 3_600_000;
    private static final int POSITION_BITS = 40;
    /** Chronicle names the files of {@code RollCycles.FAST_HOURLY} so, in UTC. */
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("uuuuMMdd-HH'F'").withZone(ZoneOffset.UTC);

    private final Path dir;
    private volatile CycleFile[] files = new CycleFile[0];

    private CycleFiles(Path dir) {
        this.dir = dir;
    }

    static CycleFiles list(Path dir) {
        CycleFiles files = new CycleFiles(dir);
        files.refresh();
        return files;
    }

    /** Takes up files newer than those known; true when there were any. Growing thread. */
    boolean refresh() {
        List<CycleFile> found = new ArrayList<>();
        int newest = files.length == 0 ? -1 : files[files.length - 1].cycle();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(dir, "*" + SUFFIX)) {
            for (Path path : paths) {
                int cycle = cycleOf(path);
                if (cycle > newest) {
                    found.add(new CycleFile(path, cycle));
                }
            }
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot list the journal: " + e, e);
        }
        found.sort(Comparator.comparingInt(CycleFile::cycle));
        found.forEach(this::add);
        return !found.isEmpty();
    }

    /** Growing thread. */
    void add(CycleFile file) {
        CycleFile[] grown = java.util.Arrays.copyOf(files, files.length + 1);
        grown[files.length] = file;
        files = grown;
    }

    int count() {
        return files.length;
    }

    CycleFile get(int ordinal) {
        return files[ordinal];
    }

    /** The newest file, or null. */
    CycleFile last() {
        CycleFile[] now = files;
        return now.length == 0 ? null : now[now.length - 1];
    }

    static long place(int ordinal, long position) {
        return (long) ordinal << POSITION_BITS | position;
    }

    /** Any thread. */
    void read(long place, JournalEntry into) {
        files[(int) (place >>> POSITION_BITS)].read(place & (1L << POSITION_BITS) - 1, into);
    }

    static Path pathOf(Path dir, int cycle) {
        return dir.resolve(NAME.format(Instant.ofEpochMilli(cycle * CYCLE_MS)) + SUFFIX);
    }

    private static int cycleOf(Path path) {
        String name = path.getFileName().toString();
        try {
            LocalDateTime hour = LocalDateTime.parse(name.substring(0, name.length() - SUFFIX.length()), NAME);
            return (int) (hour.toInstant(ZoneOffset.UTC).toEpochMilli() / CYCLE_MS);
        } catch (DateTimeParseException e) {
            throw new JournalException(path, -1, "not a cycle file of this journal: its name is no hour", e);
        }
    }
}
