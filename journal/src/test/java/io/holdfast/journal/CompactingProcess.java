package io.holdfast.journal;

import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/**
 * A process that appends, rolls, saves snapshots, drops prefixes and installs snapshots, and writes to its standard output what
 * is done: a code and an index each.
 */
public final class CompactingProcess {
    static final int APPENDED = 1;
    static final int SAVED = 2;
    static final int DROPPED = 3;
    static final int INSTALLED = 4;
    /** Entries between one compaction and the next; with files of a MiB several to a file. */
    private static final int STRIDE = 700;
    private static final int INSTALL_EVERY = 7;

    private CompactingProcess() {
    }

    /** Arguments: directory, archive or "-", seed. */
    public static void main(String[] arguments) throws IOException {
        JournalOptions options = JournalOptions.DEFAULT.withBlockBytes(4 << 20).withRollBytes(1 << 20)
                .withArchive(arguments[1].equals("-") ? null : Path.of(arguments[1]));
        Random random = new Random(Long.parseLong(arguments[2]));
        try (Journal journal = Journal.open(Path.of(arguments[0]), options);
             DataOutputStream out = new DataOutputStream(new FileOutputStream(FileDescriptor.out))) {
            for (int round = 1; true; round++) {
                for (int i = 0; i < STRIDE; i++) {
                    done(out, APPENDED, Commands.append(journal, Math.max(1, journal.lastTerm()), journal.lastIndex() + 1));
                }
                long covered = journal.lastIndex() - random.nextInt(STRIDE / 2);
                journal.commitIndex(covered);
                if (round % INSTALL_EVERY == 0) {
                    long ahead = journal.lastIndex() + 1 + random.nextInt(100);
                    journal.installSnapshot(ahead, journal.lastTerm() + 1, state(ahead));
                    done(out, INSTALLED, ahead);
                } else {
                    journal.saveSnapshot(covered, journal.termAt(covered), state(covered));
                    done(out, SAVED, covered);
                    long from = covered + 1 - random.nextInt(STRIDE / 4);
                    journal.dropBefore(from);
                    done(out, DROPPED, from);
                }
            }
        }
    }

    static byte[] state(long index) {
        return ByteBuffer.allocate(20_000).putLong(index).array();
    }

    private static void done(DataOutputStream out, int what, long index) throws IOException {
        out.write(ByteBuffer.allocate(9).put((byte) what).putLong(index).array());
    }

    static Process start(Path dir, Path archive, long seed, Path errors) throws IOException {
        return TestProcess.start(CompactingProcess.class, errors, dir, archive == null ? "-" : archive, seed);
    }
}
