package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    Path dir;

    @Test
    void appendsReadsCutsAndReopens() {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            for (int i = 1; i <= 10; i++) {
                byte[] command = Command.encode(EntryKind.PACKET, Command.PURE_ACK, i, new byte[] {(byte) i});
                assertThat(journal.append(1, false, command, 0, command.length)).isEqualTo(i);
            }
            journal.cutTail(8);
            byte[] command = Command.encode(EntryKind.TERM_START, 0, 5, new byte[0]);
            assertThat(journal.append(2, true, command, 0, command.length)).isEqualTo(8);
        }
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            assertThat(journal.lastIndex()).isEqualTo(8);
            assertThat(journal.lastTerm()).isEqualTo(2);
            assertThat(journal.termAt(7)).isEqualTo(1);
            JournalEntry entry = new JournalEntry();
            assertThat(journal.read(7, entry)).isTrue();
            assertThat(entry.kind()).isEqualTo(EntryKind.PACKET);
            assertThat(entry.flags()).isEqualTo(Command.PURE_ACK);
            assertThat(entry.bodyLength()).isEqualTo(1);
            assertThat(entry.buffer()[entry.bodyOffset()]).isEqualTo((byte) 7);
            assertThat(journal.read(9, entry)).isFalse();
        }
    }
}
