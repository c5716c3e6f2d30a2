package io.holdfast.journal;

import java.util.Arrays;
import java.util.Random;

/** Has no state: what a disk keeps of a file of which it had one content and was to have another. */
final class DiskPages {
    static final int PAGE_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;
    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private DiskPages() {
    }

    /** Page by page the old or the new one, seldom some sectors of each. */
    static byte[] mixed(byte[] old, byte[] fresh, int size, Random random, double loss, double torn) {
        byte[] mixed = Arrays.copyOf(fresh, size);
        for (int at = 0; at < size; at += PAGE_BYTES) {
            int end = Math.min(at + PAGE_BYTES, size);
            if (sameBytes(old, mixed, at, end)) {
                continue;
            }
            if (random.nextDouble() < torn) {
                for (int sector = at; sector < end; sector += SECTOR_BYTES) {
                    if (random.nextBoolean()) {
                        take(old, mixed, sector, Math.min(sector + SECTOR_BYTES, end));
                    }
                }
            } else if (random.nextDouble() < loss) {
                take(old, mixed, at, end);
            }
        }
        return mixed;
    }

    static byte[] withoutZerosBehind(byte[] content) {
        int end = content.length;
        while (end > 0 && content[end - 1] == 0) {
            end--;
        }
        return Arrays.copyOf(content, end);
    }

    private static boolean sameBytes(byte[] old, byte[] fresh, int from, int to) {
        int held = Math.max(from, Math.min(old.length, to));
        return (held == from || Arrays.equals(old, from, held, fresh, from, held))
                && Arrays.equals(fresh, held, to, ZEROS, 0, to - held);
    }

    private static void take(byte[] old, byte[] into, int from, int to) {
        int held = Math.max(from, Math.min(old.length, to));
        if (held > from) {
            System.arraycopy(old, from, into, from, held - from);
        }
        Arrays.fill(into, held, to, (byte) 0);
    }
}
