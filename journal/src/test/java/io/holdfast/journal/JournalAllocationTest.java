package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Appending and reading create no objects; the index grows by a quarter of a byte an entry, in pages. */
class JournalAllocationTest {
    private static final int WARM_UP = 60_000;
    private static final int MEASURED = 200_000;
    /** The index page, and what the virtual machine itself allocates now and then on the thread. */
    private static final double APPEND_BYTES = 0.25 + 0.5;

    @TempDir
    Path dir;

    @Test
    void steadyStateAllocatesNothing() {
        byte[] command = Command.encode(EntryKind.PACKET, 0, 1, new byte[100]);
        JournalEntry entry = new JournalEntry();
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            append(journal, command, WARM_UP);
            long before = allocated();
            append(journal, command, MEASURED);
            double anAppend = (double) (allocated() - before) / MEASURED;

            read(journal, entry, WARM_UP);
            before = allocated();
            read(journal, entry, MEASURED);
            double aRead = (double) (allocated() - before) / MEASURED;
            assertThat(anAppend).isLessThan(APPEND_BYTES);
            assertThat(aRead).isLessThan(0.1);
        }
    }

    private static void append(Journal journal, byte[] command, int count) {
        for (int i = 0; i < count; i++) {
            journal.append(1, false, command, 0, command.length);
            journal.commitIndex(journal.lastIndex());
        }
    }

    private static void read(Journal journal, JournalEntry entry, int count) {
        for (int i = 1; i <= count; i++) {
            assertTrue(journal.read(i, entry));
        }
    }

    private static void assertTrue(boolean value) {
        if (!value) {
            throw new AssertionError();
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
