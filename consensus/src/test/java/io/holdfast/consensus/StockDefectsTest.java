package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jgroups.Message;
import org.jgroups.ObjectMessage;
import org.jgroups.protocols.raft.AppendResult;
import org.jgroups.protocols.raft.AppendResult.Result;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.RAFT;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each rule of Raft that jgroups-raft 1.1.4 breaks: the same situation is put to the stock class and to ours. When a
 * newer version of the library keeps a rule, the stock half fails and says so.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StockDefectsTest {
    @TempDir
    Path directory;

    /** Figure 2, AppendEntries: a follower commits min(leaderCommit, index of last <em>new</em> entry). */
    @Nested
    class WhatAFollowerHasNotComparedIsNeitherAcknowledgedNorCommitted {
        @Test
        void stockCommitsItsOwnDivergedEntry() {
            try (StockRaft stock = new StockRaft(directory, 1, 1, 1)) {
                stock.appendEntries(stock.second, 2, 0, 0, 3, null);
                assertThat(stock.applied).hasSize(3);
                assertThat(stock.lastSent()).contains("true, index=3");
            }
        }

        @Test
        void stockAcknowledgesItsOwnTailBehindTheEntriesSent() {
            try (StockRaft stock = new StockRaft(directory, 1, 1, 1)) {
                stock.appendEntries(stock.second, 2, 1, 1, 0, StockRaft.entries(1, "of term 1"));
                assertThat(stock.lastSent()).contains("true, index=3");
            }
        }

        @Test
        void oursDoesNeither() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 1, 1)) {
                ours.deliver(ours.second, MessageKind.HEARTBEAT, 2, true, 77, 3, 0, 0);
                assertThat(ours.raft.committed()).isZero();
                assertThat(ours.last(MessageKind.HEARTBEAT_ANSWER).b).as("verified").isZero();

                ours.append(ours.second, 2, 1, 1, 3, 1, "of term 1");
                assertThat(ours.last(MessageKind.APPEND_ANSWER).a).as("acknowledged").isEqualTo(2);
                assertThat(ours.raft.committed()).isEqualTo(2);
                assertThat(ours.applied).hasSize(2);
            }
        }

        @Test
        void oursForgetsWhatItComparedWithTheLeaderOfAnEarlierTerm() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 1, 1)) {
                ours.append(ours.second, 2, 3, 1, 0, 2, "of term 2");
                ours.deliver(ours.third, MessageKind.HEARTBEAT, 3, true, 77, 4, 0, 0);
                assertThat(ours.last(MessageKind.HEARTBEAT_ANSWER).b).isZero();
                assertThat(ours.raft.committed()).isZero();
            }
        }

        @Test
        void oursReplacesTheDivergedTailAndOnlyThat() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 1, 1)) {
                ours.append(ours.second, 2, 1, 1, 3, 2, "two", "three");
                assertThat(ours.journal.termAt(1)).isEqualTo(1);
                assertThat(ours.journal.termAt(2)).isEqualTo(2);
                assertThat(ours.applied).containsExactly("of term 1", "two", "three");
            }
        }
    }

    /**
     * Figure 2, AppendEntries 3: an entry goes because the leader's differs, not because one behind it does. Not in our
     * first list; found by reading {@code RaftImpl.handleAppendEntriesRequest}.
     */
    @Nested
    class AnEntryThatWasAcknowledgedStaysUnlessTheLeaderHasAnother {
        /** Entries 1 and 2 are the leader's too, and may be committed by this member's acknowledgement. */
        @Test
        void stockThrowsAwayAllOfTheTermOfTheOneThatDiffers() {
            try (StockRaft stock = new StockRaft(directory, 1, 1, 1)) {
                stock.appendEntries(stock.second, 3, 3, 3, 2, StockRaft.entries(3, "of term 3"));
                assertThat(stock.journal.lastIndex()).isZero();
            }
        }

        @Test
        void oursRefusesAndKeepsThem() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 1, 1)) {
                ours.append(ours.second, 3, 3, 3, 2, 3, "of term 3");
                assertThat(ours.last(MessageKind.APPEND_ANSWER).granted()).isFalse();
                assertThat(ours.journal.lastIndex()).isEqualTo(3);
            }
        }
    }

    /** 5.4.2, figure 8: only entries of the leader's own term are committed by counting; 8: it begins with a no-op. */
    @Nested
    class OlderTermsAreNotCommittedByCounting {
        @Test
        void stockCommitsThem() {
            try (StockRaft stock = new StockRaft(directory, 1, 2)) {
                stock.raft.setLeaderAndTerm(stock.self, 4);
                assertThat(stock.journal.lastIndex()).as("no entry of its own").isEqualTo(2);
                stock.answer(stock.second, 4, new AppendResult(Result.OK, 2));
                assertThat(stock.applied).as("committed by counting").hasSize(2);
            }
        }

        @Test
        void oursWaitsForItsOwnFirstEntry() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 2)) {
                ours.becomeLeader();
                assertThat(ours.journal.lastIndex()).isEqualTo(3);
                assertThat(ours.journal.lastTerm()).isEqualTo(ours.raft.term());
                ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 3, true, 2, 0, 0, 2);
                assertThat(ours.raft.committed()).isZero();
                assertThat(ours.told).doesNotContain("leader 3");
                ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 3, true, 3, 0, 0, 3);
                assertThat(ours.raft.committed()).isEqualTo(3);
                assertThat(ours.told).last().isEqualTo("leader 3");
            }
        }
    }

    /** 5.3: the leader retries at once, from where both agree; dissertation, 10.2.1: within a window. */
    @Nested
    class AFollowerThatFellBehindIsCaughtUpByItsAnswers {
        private static final int ENTRIES = 3000;

        @Test
        void stockSendsNothingUntilItIsIdleAndThenEverythingInOneMessage() {
            try (StockRaft stock = new StockRaft(directory, ones())) {
                stock.raft.setLeaderAndTerm(stock.self, 2);
                stock.sent.clear();
                stock.answer(stock.second, 2, new AppendResult(Result.FAIL_ENTRY_NOT_FOUND, 0));
                assertThat(stock.sent).as("nothing on the answer").isEmpty();
                stock.raft.flushCommitTable(stock.second);
                stock.answer(stock.second, 2, new AppendResult(Result.OK, 1));
                stock.sent.clear();
                stock.raft.flushCommitTable(stock.second);
                assertThat(entriesOf(stock.sent)).containsExactly(ENTRIES - 1);
            }
        }

        @Test
        void oursSendsOnEachAnswerAndNoMoreThanTheWindow() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, c -> c.withWindow(16 << 10, 4 << 10), ones())) {
                ours.becomeLeader();
                ours.sent.clear();
                ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, false, 0, ENTRIES, 0, 0);
                assertThat(ours.sent(MessageKind.APPEND)).as("one message until both agree").hasSize(1);
                long acknowledged = 0;
                int answers = 0;
                while (acknowledged < ENTRIES + 1) {
                    long most = ours.sent.stream().filter(ours::isAppend).mapToLong(Message::getLength).max().orElse(0);
                    assertThat(most).isLessThan(4096 + 100);
                    assertThat(ours.sent(MessageKind.APPEND)).hasSizeLessThanOrEqualTo(5);
                    acknowledged = lastIndexOf(ours.sent, ours);
                    ours.sent.clear();
                    ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, true, acknowledged, 0, 0, acknowledged);
                    answers++;
                }
                assertThat(answers).isGreaterThan(5);
                assertThat(ours.raft.committed()).isEqualTo(ENTRIES + 1);
            }
        }

        @Test
        void oursDoesSoWhileNewEntriesKeepComing() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, c -> c.withWindow(16 << 10, 4 << 10), ones())) {
                ours.becomeLeader();
                ours.deliver(ours.third, MessageKind.APPEND_ANSWER, 2, true, ENTRIES + 1, 0, 0, 0);
                ours.sent.clear();
                ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, false, 0, ENTRIES, 0, 0);
                long acknowledged = 0;
                int turns = 0;
                while (acknowledged < ours.journal.lastIndex() - 1 && turns++ < 1000) {
                    byte[] command = StockRaft.command("new");
                    assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
                    acknowledged = Math.max(acknowledged, lastIndexTo(ours, "n2"));
                    ours.sent.clear();
                    ours.queue(ours.third, MessageKind.APPEND_ANSWER, 2, true, ours.journal.lastIndex(), 0, 0, 0);
                    ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, true, acknowledged, 0, 0, acknowledged);
                }
                assertThat(turns).as("caught up under load").isLessThan(1000);
            }
        }

        private long[] ones() {
            long[] terms = new long[ENTRIES];
            java.util.Arrays.fill(terms, 1);
            return terms;
        }

        private List<Integer> entriesOf(List<Message> messages) {
            List<Integer> sizes = new ArrayList<>();
            for (Message message : messages) {
                LogEntries entries = ((ObjectMessage) message).getObject();
                sizes.add(entries.size());
            }
            return sizes;
        }

        private long lastIndexOf(List<Message> messages, HandDrivenMember ours) {
            long last = 0;
            for (Message message : messages) {
                if (ours.isAppend(message)) {
                    last = Math.max(last, ours.lastIndexIn(message));
                }
            }
            return last;
        }

        private long lastIndexTo(HandDrivenMember ours, String name) {
            Peer peer = ours.raft.peers().stream().filter(p -> p.name.equals(name)).findFirst().orElseThrow();
            return lastIndexOf(ours.sent.stream().filter(m -> m.getDest().equals(peer.place)).toList(), ours);
        }
    }

    /** 5.1 and 5.2: term and leader belong together; who has voted in a term takes nothing of an older one. */
    @Nested
    class ALateMessageOfAnOldLeaderFindsTheNewTerm {
        /** Lets a vote request of a newer term be handled by its own thread just after the term was compared. */
        private static final class Overtaken extends RAFT {
            private boolean overtaken;

            @Override
            public int currentTerm(long newTerm) {
                int compared = super.currentTerm(newTerm);
                if (!overtaken && newTerm == 1) {
                    overtaken = true;
                    super.currentTerm(2);
                }
                return compared;
            }
        }

        @Test
        void stockInstallsTheOldLeaderInTheNewTermAndAppendsItsEntryAfterTheVote() {
            try (StockRaft stock = new StockRaft(directory, new Overtaken(), 1)) {
                stock.appendEntries(stock.second, 1, 1, 1, 0, StockRaft.entries(1, "late"));
                assertThat(stock.raft.currentTerm()).isEqualTo(2);
                assertThat(stock.raft.leader()).as("leader of term 1 in term 2").isEqualTo(stock.second);
                assertThat(stock.journal.lastIndex()).as("appended after the vote was given").isEqualTo(2);
                assertThat(stock.lastSent()).as("and acknowledged").contains("true, index=2");
            }
        }

        @Test
        void oursRefusesIt() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1)) {
                ours.queueAppend(ours.second, 1, 1, 1, 0, 1, "late");
                ours.queue(ours.third, MessageKind.VOTE, 2, true, 1, 1, 0, 0); // overtakes on its way to the runner
                ours.raft.turn();
                assertThat(ours.last(MessageKind.VOTE_ANSWER).granted()).isTrue();
                assertThat(ours.raft.term()).isEqualTo(2);
                assertThat(ours.raft.leader()).isNull();
                assertThat(ours.journal.lastIndex()).isEqualTo(1);
                GroupHeader answer = ours.last(MessageKind.APPEND_ANSWER);
                assertThat(answer.granted()).isFalse();
                assertThat(answer.currTerm()).as("tells the old leader").isEqualTo(2);
            }
        }
    }
}
