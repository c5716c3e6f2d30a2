package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The thread beside opens the pages that the writer stores into: the writer itself meets few page faults. */
class BlocksAheadTest {
    private static final int COMMAND_BYTES = 8 << 10;
    private static final int MIB = 1 << 20;
    /** Where a mapping begins nothing can be open yet. */
    private static final int WARM_UP_MIB = 8;
    private static final int MEASURED_MIB = 24;
    /** Place 10 of proc_pid_stat(5), counted from 1; what is in parentheses may hold blanks. */
    private static final int MINOR_FAULTS_BEHIND_NAME = 10 - 3;

    @TempDir
    Path dir;

    /**
     * Without the thread's help there are 4 with PROCESS and 256 with DISK, measured. With INTERVAL it helps at full speed
     * alone: a force every 10 ms closes the folio it ends in, and slowly appended entries are all in such ones.
     */
    @ParameterizedTest
    @EnumSource(names = {"PROCESS", "DISK"})
    void theWriterMeetsFewPageFaults(Durability durability) throws IOException {
        byte[] command = Command.encode(EntryKind.PACKET, 0, 1, new byte[COMMAND_BYTES]);
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT.withDurability(durability))) {
            appendMiB(journal, command, WARM_UP_MIB);
            long before = minorFaults();
            appendMiB(journal, command, MEASURED_MIB);
            double aMiB = (double) (minorFaults() - before) / MEASURED_MIB;
            System.out.printf("%s: %.2f page faults a MiB%n", durability, aMiB);
            assertThat(aMiB).isLessThan(2);
        }
    }

    private static void appendMiB(Journal journal, byte[] command, int count) {
        for (int i = 0; i < count * (MIB / COMMAND_BYTES); i++) {
            journal.append(1, false, command, 0, command.length);
            LockSupport.parkNanos(200_000); // the other thread is to keep up
        }
    }

    private static long minorFaults() throws IOException {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[MINOR_FAULTS_BEHIND_NAME]);
    }
}
