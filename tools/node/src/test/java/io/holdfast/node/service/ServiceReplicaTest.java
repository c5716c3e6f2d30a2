package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;

import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalException;
import io.holdfast.journal.JournalOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a replica holds when it does not come into being. */
class ServiceReplicaTest {
    @TempDir
    Path dir;

    /** The service is tried again in the same process, and an operator may look into the journal meanwhile. */
    @Test
    void aVoteThatCannotBeReadLeavesTheJournalFree() throws Exception {
        Files.write(dir.resolve("vote"), new byte[3]);
        assertThatThrownBy(() -> new ServiceReplica(dir, JournalOptions.DEFAULT, null,
                new PacketPipeline(new GateTimes(ServiceNetwork.MAX_HELD)), null, null))
                .isInstanceOf(JournalException.class).hasMessageContaining("vote");
        try (Journal journal = Journal.open(ServiceReplica.journalDir(dir), JournalOptions.DEFAULT)) {
            assertThat(journal.lastIndex()).isZero();
        }
    }
}
