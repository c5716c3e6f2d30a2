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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.RollCycles;

/**
 * Changed by one thread (the writer's, or the reader's that owns it), read by any: the cycle files of a directory, oldest
 * first.
 *
 * <p>A place in the journal is one long: the file's ordinal above bit 40, the position in it below.
 */
final class CycleFiles implements EntryIndex.Records {
    static final String SUFFIX = ".cq4";
    /** Its index has an entry for 256 documents; it numbers files by five minutes since 1970. */
    static final RollCycle ROLL_CYCLE = RollCycles.FIVE_MINUTELY;
    static final long CYCLE_MS = 300_000;
    private static final int POSITION_BITS = 40;
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("uuuuMMdd-HHmm'V'").withZone(ZoneOffset.UTC);
    /** How format 1 named them. */
    private static final String HOURLY_NAME = "\\d{8}-\\d{2}F\\.cq4";

    private final Path dir;
    private volatile CycleFile[] files = new CycleFile[0];
    private int newestCycle;

    private CycleFiles(Path dir, int fromCycle) {
        this.dir = dir;
        this.newestCycle = fromCycle - 1;
    }

    /** @param fromCycle files before this one are left out: they are dropped, but perhaps not deleted yet */
    static CycleFiles list(Path dir, int fromCycle) {
        CycleFiles files = new CycleFiles(dir, fromCycle);
        files.refresh();
        return files;
    }

    /** Takes up files newer than those known; true when there were any. Changing thread. */
    boolean refresh() {
        List<CycleFile> found = new ArrayList<>();
        for (Path path : paths(dir)) {
            int cycle = cycleOf(path);
            if (cycle > newestCycle) {
                found.add(new CycleFile(path, cycle));
            }
        }
        found.sort(Comparator.comparingInt(CycleFile::cycle));
        found.forEach(this::add);
        return !found.isEmpty();
    }

    /** The cycle files in a directory, in no order. */
    static List<Path> paths(Path dir) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(dir, "*" + SUFFIX)) {
            paths.forEach(found::add);
            return found;
        } catch (IOException e) {
            throw new JournalException(dir, -1, "cannot list the journal: " + e, e);
        }
    }

    /** Changing thread. */
    void add(CycleFile file) {
        CycleFile[] grown = Arrays.copyOf(files, files.length + 1);
        grown[files.length] = file;
        files = grown;
        newestCycle = file.cycle();
    }

    /** Takes the files before this cycle out: nothing is read from them any more. Changing thread. */
    void retireBefore(int cycle) {
        takeBefore(cycle).forEach(CycleFile::retire);
    }

    /** The same, but they are still to be retired: giving back their mappings takes its time. Changing thread. */
    List<CycleFile> takeBefore(int cycle) {
        CycleFile[] kept = files.clone();
        List<CycleFile> taken = new ArrayList<>();
        for (int i = 0; i < kept.length; i++) {
            if (kept[i] != null && kept[i].cycle() < cycle) {
                taken.add(kept[i]);
                kept[i] = null;
            }
        }
        files = kept;
        return taken;
    }

    /** How many there are or were: ordinals stay what they are when older files go. */
    int count() {
        return files.length;
    }

    /** Null when it has been retired. */
    CycleFile get(int ordinal) {
        return files[ordinal];
    }

    /** The newest file, or null. */
    CycleFile last() {
        CycleFile[] now = files;
        return now.length == 0 ? null : now[now.length - 1];
    }

    /** Bytes with records in them. Any thread. */
    long bytes() {
        long sum = 0;
        for (CycleFile file : files) {
            sum += file == null ? 0 : file.endBytes();
        }
        return sum;
    }

    /** The oldest file from which on there are no more than so many bytes, the newest at least; -1 when there is none. */
    int oldestWithin(long bytes) {
        int from = count() - 1;
        long kept = from < 0 ? 0 : get(from).endBytes();
        while (from > 0 && get(from - 1) != null && kept + get(from - 1).endBytes() <= bytes) {
            from--;
            kept += get(from).endBytes();
        }
        return from;
    }

    static long place(int ordinal, long position) {
        return (long) ordinal << POSITION_BITS | position;
    }

    static long position(long place) {
        return place & (1L << POSITION_BITS) - 1;
    }

    static int ordinal(long place) {
        return (int) (place >>> POSITION_BITS);
    }

    /** Goes on from the spot to an entry and reads it; false when its file was dropped. Any thread. */
    @Override
    public boolean read(Spot spot, long index, JournalEntry into) {
        int ordinal = ordinal(spot.place());
        CycleFile file = files[ordinal];
        long next = file == null ? 0 : file.readOn(position(spot.place()), index - spot.index(), index, into);
        if (next == 0) {
            return false;
        }
        spot.move(index + 1, place(ordinal, next));
        return true;
    }

    static Path pathOf(Path dir, int cycle) {
        return dir.resolve(NAME.format(Instant.ofEpochMilli(cycle * CYCLE_MS)) + SUFFIX);
    }

    static int cycleOf(Path path) {
        String name = path.getFileName().toString();
        if (name.matches(HOURLY_NAME)) {
            throw JournalException.otherFormat(path, -1, 1, Floor.VERSION);
        }
        try {
            LocalDateTime time = LocalDateTime.parse(name.substring(0, name.length() - SUFFIX.length()), NAME);
            return (int) (time.toInstant(ZoneOffset.UTC).toEpochMilli() / CYCLE_MS);
        } catch (DateTimeParseException e) {
            throw JournalException.advising(path, -1, "is not a cycle file of this journal: its name is no time", "Move it away", e);
        }
    }
}
