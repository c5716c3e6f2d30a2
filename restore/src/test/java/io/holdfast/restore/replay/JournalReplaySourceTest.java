package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.capture.TcpView;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.SegmentBuilder;
import io.holdfast.restore.connection.TcpTuple;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalReplaySourceTest {
    private static final TcpTuple ONE = TcpTuple.parse("192.0.2.1:1000->192.0.2.100:80");
    private static final TcpTuple TWO = TcpTuple.parse("192.0.2.1:1001->192.0.2.100:80");
    @TempDir
    private Path directory;
    private Journal journal;

    @BeforeEach
    void open() {
        journal = Journal.open(directory, JournalOptions.DEFAULT);
    }

    @AfterEach
    void close() {
        journal.close();
    }

    private void append(EntryKind kind, byte[] body) {
        byte[] command = Command.encode(kind, 0, 1_000 + journal.lastIndex() + 1, body);
        journal.append(1, false, command, 0, command.length);
    }

    private void packet(TcpTuple tuple, int flags, int number) {
        append(EntryKind.PACKET, new SegmentBuilder(tuple).flags(flags).sequence(number).bytes());
    }

    /** Two connections, a mark as entry 6, one packet of each after it. */
    private void fill() {
        append(EntryKind.TERM_START, new byte[0]);
        packet(ONE, TcpView.SYN, 1);
        packet(TWO, TcpView.SYN, 2);
        packet(ONE, TcpView.ACK, 3);
        packet(TWO, TcpView.ACK, 4);
        append(EntryKind.MARK, new byte[] {'{', '}'});
        packet(ONE, TcpView.ACK, 5);
        append(EntryKind.EVENT, new byte[] {'{', '}'});
        packet(TWO, TcpView.ACK, 6);
    }

    /** Index and sequence number of each packet. */
    private List<String> read(ReplaySource source) {
        List<String> read = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocateDirect(65_535);
        while (source.next()) {
            assertThat(source.copyTo(buffer)).isEqualTo(40);
            assertThat(source.epochNanos()).isEqualTo(1_000 + source.index());
            read.add(source.index() + ":" + buffer.getInt(24));
        }
        return read;
    }

    @Test
    void whatFollowsTheMarkIsRead() {
        fill();
        assertThat(read(new JournalReplaySource(journal::read, 6, 9, List.of()))).containsExactly("7:5", "9:6");
        assertThat(read(new JournalReplaySource(journal::read, 6, 8, List.of()))).containsExactly("7:5");
        assertThat(read(new JournalReplaySource(journal::read, 9, 9, List.of()))).isEmpty();
    }

    @Test
    void aFreshWorkloadGetsEverything() {
        fill();
        assertThat(read(new JournalReplaySource(journal::read, 0, 9, List.of())))
                .containsExactly("2:1", "3:2", "4:3", "5:4", "7:5", "9:6");
    }

    @Test
    void whatTheImageDoesNotHoldComesFirst() {
        fill();
        assertThat(read(new JournalReplaySource(journal::read, 6, 9, List.of(new InFlightConnection(TWO, 3)))))
                .containsExactly("3:2", "5:4", "7:5", "9:6");
        assertThat(read(new JournalReplaySource(journal::read, 6, 9, List.of(new InFlightConnection(TWO, 5)))))
                .as("only from its SYN on").containsExactly("5:4", "7:5", "9:6");
    }

    @Test
    void aHoleIsNotPassedOver() {
        fill();
        ReplaySource source = new JournalReplaySource(journal::read, 6, 12, List.of());
        assertThatThrownBy(() -> read(source)).isInstanceOf(IllegalStateException.class).hasMessageContaining("entry 10");
    }
}
