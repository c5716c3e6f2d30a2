package io.holdfast.cli.inspect.reexecute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.JournalReader;
import io.holdfast.node.service.EntryBodies;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.TcpTuple;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries 1 to 12; checkpoints of marks 3 and 7 are ready at 5 and 9, that of mark 10 is not. Committed up to 11. */
class JournalWindowTest {
    private static final TcpTuple TUPLE = TcpTuple.parse("10.0.0.7:40112->10.0.0.100:6379");

    @TempDir
    private Path dir;

    @BeforeEach
    void write() {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            for (int index = 1; index <= 12; index++) {
                byte[] command = switch (index) {
                    case 3, 7, 10 -> EntryBodies.command(EntryKind.MARK, new EntryBodies.Mark("n1", "request"));
                    case 5 -> ready(3);
                    case 9 -> ready(7);
                    case 8 -> EntryBodies.command(EntryKind.CONNECTION_CLOSED,
                            new EntryBodies.Closed(TUPLE.toString(), "DIVERGED", "n2", 1));
                    default -> EntryBodies.command(EntryKind.EVENT, Map.of());
                };
                journal.append(1, false, command, 0, command.length);
            }
            journal.commitIndex(11);
        }
    }

    private static byte[] ready(long mark) {
        return EntryBodies.command(EntryKind.CHECKPOINT_READY,
                new EntryBodies.Ready(mark, "digest of " + mark, 1, List.of("n1", "n2"), "n1", 1));
    }

    @Test
    void findsWhatWasCommittedOfTheCheckpointAndWhatWasClosed() {
        with(7, window -> {
            assertThat(window.ready().manifestSha256()).isEqualTo("digest of 7");
            assertThat(window.closed(12)).containsExactly(Map.entry(TUPLE.toString(), "entry 8: DIVERGED"));
            assertThat(window.closed(7)).isEmpty();
        });
        with(3, window -> assertThat(window.ready().manifestSha256()).isEqualTo("digest of 3"));
    }

    @Test
    void refusesACheckpointThatNeverWasReady() {
        with(10, window -> assertThatThrownBy(window::ready).isInstanceOf(SandboxException.class).hasMessageContaining("does not count"));
    }

    @Test
    void endsWhereTheGroupHadCommittedUnlessAsked() {
        with(7, window -> {
            assertThat(window.last(0)).isEqualTo(11);
            assertThat(window.last(12)).isEqualTo(12);
            assertThatThrownBy(() -> window.last(13)).isInstanceOf(SandboxException.class);
            assertThatThrownBy(() -> window.last(6)).isInstanceOf(SandboxException.class);
        });
    }

    @Test
    void refusesACheckpointBeforeTheFloorAndTakesOneAtIt() {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            journal.saveSnapshot(7, 1, new byte[1]);
            journal.dropBefore(8);
        }
        with(3, window -> assertThatThrownBy(window::ready).isInstanceOf(SandboxException.class)
                .hasMessageContaining("Only checkpoints at entry 7 or later"));
        with(7, window -> {
            assertThat(window.ready().manifestSha256()).isEqualTo("digest of 7");
            window.requireHeld(List.of(new InFlightConnection(TUPLE, 8)));
            assertThatThrownBy(() -> window.requireHeld(List.of(new InFlightConnection(TUPLE, 7))))
                    .isInstanceOf(SandboxException.class).hasMessageContaining(TUPLE.toString());
        });
    }

    private void with(long mark, Consumer<JournalWindow> action) {
        try (JournalReader reader = JournalReader.open(dir)) {
            action.accept(new JournalWindow(reader, mark));
        }
    }
}
