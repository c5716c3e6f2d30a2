package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.holdfast.journal.Journal;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.raft.util.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalLogTest {
    @TempDir
    Path directory;

    @Test
    void keepsEntriesTermsAndCommitIndexInTheJournal() {
        try (Journal journal = StockRaft.journalOf(directory, 1, 1, 2); VoteStore votes = VoteStore.open(directory)) {
            JournalLog log = new JournalLog(journal, votes);
            assertThat(log.firstAppended()).isEqualTo(1);
            assertThat(log.append(4, StockRaft.entries(2, "four", "five"))).isEqualTo(5);
            assertThat(log.get(4).term()).isEqualTo(2);
            assertThat(log.get(6)).isNull();
            log.deleteAllEntriesStartingFrom(4);
            assertThat(log.lastAppended()).isEqualTo(3);
            log.deleteAllEntriesStartingFrom(4);
            log.commitIndex(2);
            assertThat(journal.commitIndex()).isEqualTo(2);
            List<Long> indexes = new ArrayList<>();
            log.forEach((entry, index) -> indexes.add(index));
            assertThat(indexes).containsExactly(1L, 2L, 3L);
            assertThatThrownBy(() -> log.append(9, StockRaft.entries(2, "hole"))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void remembersTheVoteByNameSinceARestartedMemberHasAnotherAddress() {
        Address before = HandDrivenRaft.addressOf("n2", new Random(1));
        Address after = HandDrivenRaft.addressOf("n2", new Random(2));
        assertThat(before).isNotEqualTo(after);
        try (Journal journal = StockRaft.journalOf(directory); VoteStore votes = VoteStore.open(directory)) {
            JournalLog log = new JournalLog(journal, votes);
            log.currentTerm(7).votedFor(before);
            log.currentTerm(6);
            assertThat(log.currentTerm()).as("a term never goes back").isEqualTo(7);
        }
        try (Journal journal = StockRaft.journalOf(directory); VoteStore votes = VoteStore.open(directory)) {
            JournalLog log = new JournalLog(journal, votes);
            assertThat(log.currentTerm()).isEqualTo(7);
            assertThat(log.votedForName()).isEqualTo("n2");
            assertThat(Utils.extractRaftId(log.votedFor())).isEqualTo(Utils.extractRaftId(after));
            assertThatThrownBy(() -> log.votedFor(null)).isInstanceOf(IllegalStateException.class);
        }
    }
}
