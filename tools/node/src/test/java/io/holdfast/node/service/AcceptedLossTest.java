package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;

import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --accept-loss}: what an operator's word changes in a journal, and what it does not touch. */
class AcceptedLossTest {
    @TempDir
    Path dir;

    private ServiceReplica open(JournalOptions options) {
        return new ServiceReplica(dir, options, null, new PacketPipeline(new GateTimes(ServiceNetwork.MAX_HELD)), null, null);
    }

    /** A process that dies under another start of the kernel than this one. */
    private JournalOptions diedBeforeTheMachineStarted(Durability durability) throws IOException {
        JournalOptions options = JournalOptions.DEFAULT.withDurability(durability);
        FaultyStorage disk = new FaultyStorage(ServiceReplica.journalDir(dir));
        Journal journal = disk.openJournal(options);
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[8]);
        journal.append(1, false, command, 0, command.length);
        disk.kill(journal);
        return options;
    }

    @Test
    void aNodeThatMayHaveLostEntriesCountsAgain() throws IOException {
        JournalOptions options = diedBeforeTheMachineStarted(Durability.PROCESS);
        try (ServiceReplica replica = open(options)) {
            assertThat(replica.journal().mayHaveForgotten()).as("without a word").isTrue();
        }
        try (ServiceReplica replica = open(options)) {
            assertThat(replica.acceptLoss()).isTrue();
            assertThat(replica.journal().mayHaveForgotten()).isFalse();
            assertThat(replica.journal().lastIndex()).as("what is there stays").isEqualTo(1);
        }
        try (ServiceReplica replica = open(options)) {
            assertThat(replica.journal().mayHaveForgotten()).as("at the next start, without a word").isFalse();
            assertThat(replica.acceptLoss()).as("said once").isFalse();
        }
    }

    @Test
    void whereEntriesAreForcedThereIsNothingToAccept() throws IOException {
        try (ServiceReplica replica = open(diedBeforeTheMachineStarted(Durability.DISK))) {
            assertThat(replica.acceptLoss()).isFalse();
        }
    }
}
