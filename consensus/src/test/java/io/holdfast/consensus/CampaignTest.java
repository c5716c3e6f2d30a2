package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One member by hand: when it runs for election, whom it votes for, and what it says about the lease. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CampaignTest {
    private static final long MS = 1_000_000;

    @TempDir
    Path directory;

    @Test
    void silenceOfTheLeaderMakesItAskFirstAndKeepTheTerm() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 119);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
            advance(member, 45);
            assertThat(member.sent(MessageKind.PRE_VOTE)).hasSize(2);
            assertThat(member.raft.term()).isEqualTo(1);
            assertThat(member.votes.term()).isEqualTo(1);
        }
    }

    @Test
    void aNoFromTheMajorityOpensNoTerm() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 165);
            member.deliver(member.second, MessageKind.PRE_VOTE_ANSWER, 1, false, 2, 0, 0, 0);
            member.deliver(member.third, MessageKind.PRE_VOTE_ANSWER, 1, false, 2, 0, 0, 0);
            assertThat(member.raft.term()).isEqualTo(1);
            assertThat(member.sent(MessageKind.VOTE)).isEmpty();
        }
    }

    @Test
    void aMemberThatHearsTheLeaderSaysNoAndChangesNothing() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 60);
            member.deliver(member.third, MessageKind.PRE_VOTE, 9, false, 5, 5, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).isFalse();
            assertThat(member.raft.term()).isEqualTo(1);
            assertThat(member.raft.hasLeader()).isTrue();
        }
    }

    @Test
    void theEndOfTheLeadersConnectionIsReasonEnough() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.raft.connectionClosed(member.raft.peers().get(0).place);
            member.raft.turn();
            member.deliver(member.third, MessageKind.PRE_VOTE, 2, false, 5, 1, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).isTrue();
            advance(member, 15);
            assertThat(member.sent(MessageKind.PRE_VOTE)).hasSize(2);

            hearLeader(member, 1); // it was only the connection
            member.deliver(member.third, MessageKind.PRE_VOTE, 2, false, 5, 1, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).isFalse();
        }
    }

    /** What a leader sent before it died is read together with the end of its connection. */
    @Test
    void aDeadLeadersLastEntriesAreNoSignOfLife() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.queueAppend(member.second, 1, 1, 1, 0, 1, "last words");
            member.raft.connectionClosed(member.raft.peers().get(0).place);
            member.raft.turn();
            assertThat(member.journal.lastIndex()).isEqualTo(2);
            advance(member, 15);
            assertThat(member.sent(MessageKind.PRE_VOTE)).hasSize(2);
        }
    }

    @Test
    void theEndOfAnotherMembersConnectionIsNone() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.raft.connectionClosed(member.raft.peers().get(1).place);
            advance(member, 60);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
        }
    }

    @Test
    void aProcessThatDidNotRunReadsItsMessagesBeforeItSuspectsTheLeader() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            freeze(member, 5_000);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
            hearLeader(member, 1);
            advance(member, 60);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
            freeze(member, 5_000);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
            advance(member, 55);
            assertThat(member.sent(MessageKind.PRE_VOTE)).as("but only once").isNotEmpty();
        }
    }

    /** Whatever held it, at whatever moment of the leader's silence it was over. */
    @Test
    void aTurnThatTookLongIsNotTheLeadersSilence() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            for (int ms = 100; ms < 200; ms++) {
                hearLeader(member, 1);
                hold(member, ms);
                advance(member, 20); // the leader was held as well
                hearLeader(member, 1);
                assertThat(member.sent(MessageKind.PRE_VOTE)).as("after %d ms", ms).isEmpty();
            }
        }
    }

    /** What came in while the turn lasted that ends behind the deadline. */
    @Test
    void readsItsMessagesOnceMoreWhenTheTimeIsOver() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.now += member.raft.turn() - 4 * MS;
            hold(member, 8);
            hearLeader(member, 1);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
        }
    }

    /** A member that stumbles all the time still finds a leader that is gone. */
    @Test
    void itsOwnPausesExcuseASilenceOnlySoOften() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            for (int i = 0; i < 15; i++) {
                hold(member, 30);
            }
            assertThat(member.sent(MessageKind.PRE_VOTE)).isNotEmpty();
        }
    }

    @Test
    void aVoterReadsWhatTheLeaderSaidBeforeItAnswers() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 117);
            member.now += 6 * MS;
            member.queue(member.third, MessageKind.PRE_VOTE, 2, false, 5, 5, 0, 0);
            member.queue(member.second, MessageKind.HEARTBEAT, 1, true, 2, 0, 0, 0);
            member.raft.turn();
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).isFalse();
        }
    }

    @Test
    void aVoterThatDidNotRunTakesItsOwnPauseForNoSilence() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.now += 200 * MS;
            member.deliver(member.third, MessageKind.PRE_VOTE, 2, false, 5, 5, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).as("just awake").isFalse();
            advance(member, 41);
            member.deliver(member.third, MessageKind.PRE_VOTE, 2, false, 5, 5, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).granted()).as("has listened since").isTrue();
        }
    }

    /** Raft, 5.2: one vote a term, kept over a restart. */
    @Test
    void votesOnceATermEvenWhenRestarted() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            member.deliver(member.second, MessageKind.VOTE, 2, true, 1, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).granted()).isTrue();
            member.deliver(member.third, MessageKind.VOTE, 2, true, 9, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).granted()).isFalse();
            assertThat(member.votes.votedFor()).isEqualTo("n2");
        }
        try (HandDrivenMember again = new HandDrivenMember(directory)) {
            again.deliver(again.third, MessageKind.VOTE, 2, true, 9, 1, 0, 0);
            assertThat(again.last(MessageKind.VOTE_ANSWER).granted()).isFalse();
            again.deliver(again.second, MessageKind.VOTE, 2, true, 1, 1, 0, 0);
            assertThat(again.last(MessageKind.VOTE_ANSWER).granted()).as("the same member by name").isTrue();
        }
    }

    /** Raft, 5.4.1. */
    @Test
    void votesForNobodyWhoseJournalIsBehindItsOwn() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1, 2, 2)) {
            member.deliver(member.second, MessageKind.VOTE, 3, true, 9, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).granted()).as("older last term").isFalse();
            member.deliver(member.second, MessageKind.VOTE, 4, true, 2, 2, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).granted()).as("shorter").isFalse();
            member.deliver(member.second, MessageKind.VOTE, 5, true, 3, 2, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).granted()).as("equal").isTrue();
        }
    }

    @Test
    void theVoteSaysHowLongAgoAnOlderLeaderWasAnswered() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 30);
            hearLeader(member, 1);
            advance(member, 130);
            member.deliver(member.third, MessageKind.VOTE, 2, true, 1, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).a).isEqualTo(130 * MS);
        }
    }

    @Test
    void entriesAcknowledgedCountAsAnAnswerToo() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            advance(member, 30);
            member.append(member.second, 1, 1, 1, 0, 1, "entry");
            advance(member, 130);
            member.deliver(member.third, MessageKind.VOTE, 2, true, 2, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).a).isEqualTo(130 * MS);
        }
    }

    @Test
    void theBoundIsTheLatestOfTheVotersAnswers() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            long answered = member.now;
            advance(member, 165);
            member.deliver(member.third, MessageKind.PRE_VOTE_ANSWER, 1, true, 2, 0, 0, 0);
            member.deliver(member.third, MessageKind.VOTE_ANSWER, 2, true, 150 * MS, 0, 0, 0);
            assertThat(member.raft.leads()).isTrue();
            long voterAnswered = member.now - 150 * MS;
            assertThat(voterAnswered).isGreaterThan(answered);
            assertThat(member.raft.shown().previousLeaseBoundNanos).isBetween(voterAnswered, voterAnswered + MS);
        }
    }

    /** I2: only the current leader, in the current term, gets an answer that counts. */
    @Test
    void heartbeatsOfOlderTermsGetNoEvidence() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            hearLeader(member, 1);
            member.deliver(member.third, MessageKind.HEARTBEAT, 3, true, 5, 0, 0, 0);
            assertThat(member.last(MessageKind.HEARTBEAT_ANSWER).granted()).isTrue();
            member.deliver(member.second, MessageKind.HEARTBEAT, 1, true, 6, 0, 0, 0);
            assertThat(member.last(MessageKind.HEARTBEAT_ANSWER).granted()).isFalse();
            assertThat(member.last(MessageKind.HEARTBEAT_ANSWER).currTerm()).isEqualTo(3);
            assertThat(member.raft.term()).isEqualTo(3);
        }
    }

    /** I2: evidence is the sending of what a majority answered, and there is none without one. */
    @Test
    void evidenceIsWhenTheAnsweredHeartbeatWasSent() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            member.becomeLeader();
            long term = member.raft.term();
            member.deliver(member.second, MessageKind.APPEND_ANSWER, term, true, 2, 0, 0, 2);
            assertThat(member.told).last().isEqualTo("leader " + term);
            advance(member, 40);
            long sent = member.last(MessageKind.HEARTBEAT).a;
            assertThat(sent).isEqualTo(member.now);
            long elected = member.raft.shown().electedNanos;
            assertThat(member.evidence).as("the first entry was acknowledged").containsExactly(elected);
            advance(member, 30);
            member.deliver(member.third, MessageKind.HEARTBEAT_ANSWER, term, true, sent, 0, 0, 0);
            assertThat(member.evidence).containsExactly(elected, sent);
            member.deliver(member.second, MessageKind.HEARTBEAT_ANSWER, term, true, sent - MS, 0, 0, 0);
            assertThat(member.evidence).as("an older one tells nothing new").containsExactly(elected, sent);
            member.deliver(member.second, MessageKind.HEARTBEAT_ANSWER, term - 1, true, member.now, 0, 0, 0);
            assertThat(member.evidence).as("nor does one of another term").containsExactly(elected, sent);
        }
    }

    @Test
    void aLeaderThatNoMajorityAnswersStepsDown() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            member.becomeLeader();
            long term = member.raft.term();
            advance(member, 1_990);
            assertThat(member.raft.leads()).isTrue();
            advance(member, 60);
            assertThat(member.raft.leads()).isFalse();
            assertThat(member.told).last().isEqualTo("follower " + term + " of null");
        }
    }

    private static void hearLeader(HandDrivenMember member, long term) {
        member.deliver(member.second, MessageKind.HEARTBEAT, term, true, 1, 0, 0, 0);
    }

    private static void advance(HandDrivenMember member, long ms) {
        for (long i = 0; i < ms; i++) {
            freeze(member, 1);
        }
    }

    /** Something keeps the runner in its turn. */
    private static void hold(HandDrivenMember member, long ms) {
        member.raft.request((requests, done) -> member.now += ms * MS);
        member.raft.turn();
    }

    private static void freeze(HandDrivenMember member, long ms) {
        member.now += ms * MS;
        member.raft.turn();
    }
}
