package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import org.jgroups.Address;
import org.jgroups.EmptyMessage;
import org.jgroups.Event;
import org.jgroups.Header;
import org.jgroups.View;
import org.jgroups.protocols.raft.ELECTION2;
import org.jgroups.protocols.raft.election.PreVoteResponse;
import org.jgroups.protocols.raft.election.VoteRequest;
import org.jgroups.protocols.raft.election.VoteResponse;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How jgroups-raft 1.1.4 elects with {@link ELECTION2}, beside ours; as {@link StockDefectsTest}. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StockElectionDefectsTest {
    private static final long PATIENT_MS = 20_000;
    private static final long MS = 1_000_000;

    @TempDir
    Path directory;

    /** Owned by the test's thread: the stock class with its election, message by message; n1 is the view's coordinator. */
    private static final class StockElection implements AutoCloseable {
        final StockRaft raft;
        final ELECTION2 election = new ELECTION2();

        StockElection(Path directory, long... terms) {
            raft = new StockRaft(directory, terms);
            election.raft(raft.raft).voteTimeout(PATIENT_MS);
            election.setAddress(raft.self);
            election.setDownProtocol(raft.raft.getDownProtocol());
        }

        void view(Address... members) {
            election.down(new Event(Event.VIEW_CHANGE, View.create(raft.self, members.length, members)));
        }

        void deliver(Address from, Header header) {
            election.up(new EmptyMessage(raft.self).setSrc(from).putHeader(election.getId(), header));
        }

        long sent(Class<? extends Header> kind) {
            return raft.sent.stream().filter(m -> kind.isInstance(m.getHeader(election.getId()))).count();
        }

        /** Its voting thread ends by itself only when no majority is in its view. */
        @Override
        public void close() {
            view(raft.self);
            TestCluster.eventually().until(() -> !election.isVotingThreadRunning());
            raft.close();
        }
    }

    /** Dissertation, 9.6: a pre-vote needs a majority. */
    @Nested
    class OneSilentMemberHoldsUpNoElection {
        @Test
        void stockWaitsForTheWholeViewHoweverLong() {
            try (StockElection stock = new StockElection(directory, 1)) {
                stock.election.voteTimeout(100);
                stock.view(stock.raft.self, stock.raft.second, stock.raft.third);
                stock.deliver(stock.raft.self, new PreVoteResponse(null));
                stock.deliver(stock.raft.second, new PreVoteResponse(null));
                assertThat(stock.election.isPreVoteThreadRunning()).as("a majority has answered").isTrue();
                assertThat(stock.election.isVotingThreadRunning()).isFalse();
                stock.deliver(stock.raft.third, new PreVoteResponse(null));
                assertThat(stock.election.isVotingThreadRunning()).as("now that all have").isTrue();
            }
        }

        @Test
        void oursGoesOnWithAMajority() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1)) {
                ask(ours);
                ours.deliver(ours.second, MessageKind.PRE_VOTE_ANSWER, 1, true, 2, 0, 0, 0);
                assertThat(ours.raft.term()).isEqualTo(2);
                assertThat(ours.sent(MessageKind.VOTE)).hasSize(2);
            }
        }
    }

    /** 5.2: a vote is of one term. Not in our first list; found by reading {@code BaseElection.handleVoteResponse}. */
    @Nested
    class AVoteOfAnOlderTermIsNone {
        @Test
        void stockCountsIt() {
            try (StockElection stock = new StockElection(directory, 1)) {
                stock.view(stock.raft.self, stock.raft.second, stock.raft.third);
                assertThat(stock.election.runVotingThread()).isTrue();
                TestCluster.eventually().until(() -> stock.sent(VoteRequest.class) == 1);
                for (Address voter : new Address[]{stock.raft.self, stock.raft.second, stock.raft.third}) {
                    stock.deliver(voter, new VoteResponse(1, 1, 1));
                }
                TestCluster.eventually().until(() -> stock.raft.raft.leader() != null);
                assertThat(stock.raft.raft.currentTerm()).as("elected by votes of term 1").isEqualTo(2);
            }
        }

        @Test
        void oursDoesNot() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1)) {
                ask(ours);
                ours.deliver(ours.second, MessageKind.PRE_VOTE_ANSWER, 1, true, 2, 0, 0, 0);
                ours.deliver(ours.second, MessageKind.VOTE_ANSWER, 1, true, 0, 0, 0, 0);
                ours.deliver(ours.third, MessageKind.VOTE_ANSWER, 1, true, 0, 0, 0, 0);
                assertThat(ours.raft.leads()).isFalse();
                ours.deliver(ours.third, MessageKind.VOTE_ANSWER, 2, true, 0, 0, 0, 0);
                assertThat(ours.raft.leads()).isTrue();
            }
        }
    }

    /** 5.2: one vote a term, for a member; a member that was restarted is the same one. */
    @Nested
    class ARestartedCandidateIsStillTheOneVotedFor {
        @Test
        void stockKnowsItByAnAddressThatChangesWithEachStart() {
            try (StockElection stock = new StockElection(directory, 1)) {
                stock.view(stock.raft.self, stock.raft.second, stock.raft.third);
                stock.deliver(stock.raft.second, new VoteRequest(2));
                assertThat(stock.sent(VoteResponse.class)).isEqualTo(1);
                stock.deliver(restarted("n2"), new VoteRequest(2));
                assertThat(stock.sent(VoteResponse.class)).as("no second answer").isEqualTo(1);
            }
        }

        @Test
        void oursKnowsItByName() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1)) {
                ours.deliver(ours.second, MessageKind.VOTE, 2, true, 1, 1, 0, 0);
                assertThat(ours.last(MessageKind.VOTE_ANSWER).granted()).isTrue();
                ours.deliver(restarted("n2"), MessageKind.VOTE, 2, true, 1, 1, 0, 0);
                assertThat(ours.last(MessageKind.VOTE_ANSWER).granted()).isTrue();
                ours.deliver(ours.third, MessageKind.VOTE, 2, true, 1, 1, 0, 0);
                assertThat(ours.last(MessageKind.VOTE_ANSWER).granted()).isFalse();
            }
        }

        private Address restarted(String name) {
            return HandDrivenRaft.addressOf(name, new Random(2));
        }
    }

    /** Lets it suspect the leader and ask the others. */
    private static void ask(HandDrivenMember ours) {
        for (int i = 0; i < 3; i++) {
            ours.raft.turn();
            ours.now += 300 * MS;
        }
        ours.raft.turn();
        assertThat(ours.sent(MessageKind.PRE_VOTE)).isNotEmpty();
    }
}
