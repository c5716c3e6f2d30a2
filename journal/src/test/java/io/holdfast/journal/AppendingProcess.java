package io.holdfast.journal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A process that appends numbered entries and writes each index to its standard output once it is acknowledged. */
public final class AppendingProcess {
    private AppendingProcess() {
    }

    /** Arguments: directory, entries an hour of its clock, appends from one cut of the tail to the next, entries at once. */
    public static void main(String[] arguments) throws IOException {
        long perHour = Long.parseLong(arguments[1]);
        long perCut = Long.parseLong(arguments[2]);
        int atOnce = Integer.parseInt(arguments[3]);
        long[] appended = new long[1];
        try (Journal journal = Journal.open(Path.of(arguments[0]), JournalOptions.DEFAULT.withBlockBytes(4 << 20),
                () -> (500_000 + appended[0] / perHour) * 3_600_000L);
             FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            appended[0] = journal.lastIndex();
            // As in Raft: once an entry of a term has been cut, none of that term follows.
            long term = journal.termAt(journal.lastIndex()) + 1;
            ByteBuffer acknowledgement = ByteBuffer.allocate(8);
            long appends = appended[0];
            while (true) {
                long index = Commands.append(journal, term, journal.lastIndex() + 1, atOnce);
                out.write(acknowledgement.putLong(0, index).array());
                appended[0] += atOnce;
                if (++appends % perCut == 0) {
                    journal.cutTail(index);
                    term++;
                }
            }
        }
    }

    static Process start(Path dir, long perHour, long perCut, int atOnce, Path errors) throws IOException {
        return TestProcess.start(AppendingProcess.class, errors, dir, perHour, perCut, atOnce);
    }
}
