package io.holdfast.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * Has no state: does to the files of a journal whose process was killed what a power cut may do to them. For processes that
 * write through the real kernel; {@link FaultyStorage} is for journals in the test's own.
 */
public final class PowerLoss {
    private static final int PAGE_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;
    private static final double TORN = 1 / 16.0;

    /**
     * So far a journal is on the disk.
     *
     * @param file        number of the cycle file, -1 when nothing is
     * @param offsetBytes in it
     */
    public record Place(int file, long offsetBytes) {
    }

    private PowerLoss() {
    }

    /** What was certainly forced. */
    public static Place forced(Path dir) throws IOException {
        ForcedMark mark = ForcedMark.load(KernelStorage.INSTANCE, dir);
        return new Place((int) mark.cycle(), mark.offsetBytes());
    }

    /** All that is written now, as if the kernel had just written every page back. Its process may be running. */
    public static Place written(Path dir) {
        RawRecords records = RawRecords.open(dir);
        JournalEntry entry = new JournalEntry();
        Place end = new Place(-1, 0);
        while (records.next(entry)) {
            end = new Place(CycleFiles.cycleOf(records.file()),
                    records.offsetBytes() + StoredRecord.HEADER_BYTES + entry.commandLength());
        }
        return end;
    }

    /**
     * Behind this place the first page is lost, each later one by half, some by sectors: zeros are there, which were written
     * ahead of the records. Returns how many bytes that were not zero are gone.
     */
    public static long tear(Path dir, Place onDisk, Random random) throws IOException {
        long lost = 0;
        for (Path path : CycleFiles.paths(dir)) {
            int number = CycleFiles.cycleOf(path);
            if (number >= onDisk.file()) {
                lost += tear(path, number == onDisk.file() ? onDisk.offsetBytes() : 0, random);
            }
        }
        return lost;
    }

    private static long tear(Path path, long from, Random random) throws IOException {
        byte[] content = Files.readAllBytes(path);
        byte[] left = content.clone();
        boolean first = true;
        for (int at = (int) from; at < left.length; at = (at / PAGE_BYTES + 1) * PAGE_BYTES) {
            int end = Math.min((at / PAGE_BYTES + 1) * PAGE_BYTES, left.length);
            if (!first && random.nextDouble() < TORN) {
                for (int sector = at; sector < end; sector += SECTOR_BYTES) {
                    zero(left, sector, Math.min(sector + SECTOR_BYTES, end), random.nextBoolean());
                }
            } else {
                zero(left, at, end, first || random.nextBoolean());
            }
            first = false;
        }
        long lost = 0;
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            for (int at = 0; at < left.length; at += PAGE_BYTES) {
                int end = Math.min(at + PAGE_BYTES, left.length);
                if (!Arrays.equals(content, at, end, left, at, end)) {
                    file.seek(at);
                    file.write(left, at, end - at);
                    lost += bytesOf(content, at, end) - bytesOf(left, at, end);
                }
            }
        }
        return lost;
    }

    private static void zero(byte[] content, int from, int to, boolean lost) {
        if (lost) {
            Arrays.fill(content, from, to, (byte) 0);
        }
    }

    private static long bytesOf(byte[] content, int from, int to) {
        long count = 0;
        for (int at = from; at < to; at++) {
            count += content[at] == 0 ? 0 : 1;
        }
        return count;
    }
}
