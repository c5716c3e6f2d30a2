package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;

import io.holdfast.journal.Durability;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.FaultyStorage.Fault;
import io.holdfast.journal.JournalOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * I7, call by call: a member whose disk fails says nothing of what it could not store, says nothing more at all, tells its
 * node, and takes no part any more.
 */
class StorageFailureTest {
    private static final JournalOptions OPTIONS =
            JournalOptions.DEFAULT.withBlockBytes(1 << 20).withRollBytes(1 << 20).withDurability(Durability.DISK);
    private static final JournalOptions FORCED_BEHIND = OPTIONS.withDurability(Durability.INTERVAL).withSyncIntervalMs(1);
    private static final long MOMENT = 1_767_225_600_000L;
    /** Enough that blocks have to be claimed. */
    private static final int MANY = 600;
    private static final int STEP_DOWN_MS = 2_000;
    private static final String BODY = "x".repeat(1000);

    @TempDir
    Path directory;

    private HandDrivenMember member(FaultyStorage disk) {
        return new HandDrivenMember(disk.openJournal(OPTIONS), disk.openVotes());
    }

    private static HandDrivenMember memberForcedBehind(FaultyStorage disk) {
        HandDrivenMember member = new HandDrivenMember(disk.openJournal(FORCED_BEHIND, () -> MOMENT), disk.openVotes());
        member.append(member.second, 1, 0, 0, 0, 1, "begins the journal's file");
        return member;
    }

    /** Another thread finds that the disk fails, behind the last append: when this returns, and nobody has looked yet. */
    private static void failBehind(HandDrivenMember member, FaultyStorage disk, Runnable lastAppend) {
        synchronized (disk) { // until then that thread cannot force
            disk.failNext(Fault.FORCE);
            lastAppend.run();
        }
        TestCluster.eventually().until(member.journal::isFailed);
        assertThat(member.sentAtFailure).as("nothing is known yet").isNegative();
        member.sent.clear();
    }

    /** Takes the runner's turn as the runner does: what it throws ends the group. */
    private static void turn(HandDrivenMember member, Runnable what) {
        try {
            what.run();
        } catch (RuntimeException failed) {
            member.raft.fail(failed);
        }
    }

    private static void requireSilentEnd(HandDrivenMember member) {
        member.raft.flush(); // a proposer may still try to take a turn
        assertThat(member.sent).as("nothing is said after the failure").hasSize(member.sentAtFailure);
        assertThat(member.told).as("told to the node").last().asString().startsWith("failure");
        assertThat(member.raft.status().role()).isEqualTo(Role.STOPPED);
        assertThat(member.raft.status().failure()).isNotNull();
        assertThat(member.journal.isFailed()).as("the journal takes nothing any more").isTrue();
        byte[] command = StockRaft.command("later");
        assertThat(member.raft.enqueue(command, 0, command.length)).as("proposals are refused").isFalse();
        assertThatThrownBy(() -> member.journal.append(9, false, command, 0, command.length)).hasMessageContaining("stopped");
    }

    @ParameterizedTest
    @EnumSource(names = {"FORCE", "CLAIM"})
    void aLeaderSendsNothingOfWhatItCouldNotStore(Fault fault) throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember leader = member(disk)) {
            leader.becomeLeader();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, leader.raft.term(), true, 1, 0, 0, 1);
            disk.failNext(fault);
            turn(leader, () -> proposeUntilItFails(leader));
            long stored = leader.sent.stream().filter(leader::isAppend).mapToLong(leader::lastIndexIn).max().orElse(0);
            assertThat(stored).as("what was sent on was stored first").isLessThanOrEqualTo(leader.raft.lastAppended());
            if (fault == Fault.FORCE) {
                assertThat(leader.raft.committed()).as("what was not forced here does not count").isEqualTo(1);
            }
            requireSilentEnd(leader);
        }
    }

    /** It goes on while its disk takes its time, and what it told others comes to nothing without its own copy. */
    @Test
    void aLeaderCommitsWhatItsOwnDiskHas() throws IOException {
        try (HandDrivenMember leader = leaderWithAnEntryNotForced(new FaultyStorage(directory))) {
            long term = leader.raft.term();
            assertThat(leader.isAppend(leader.sent.get(leader.sent.size() - 1))).as("sent meanwhile").isTrue();
            leader.sent.clear();
            leader.now += 50 * HandDrivenMember.MS;
            leader.raft.turn();
            assertThat(leader.sent(MessageKind.HEARTBEAT)).isNotEmpty();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, term, true, 3, 0, 0, 3);
            leader.deliver(leader.third, MessageKind.APPEND_ANSWER, term, true, 3, 0, 0, 3);
            assertThat(leader.raft.committed()).isEqualTo(2);
            leader.beside.remove().run();
            leader.raft.turn();
            assertThat(leader.raft.committed()).isEqualTo(3);
        }
    }

    /** Nobody tells it that the disk hangs: it gives way to members that may have a better one, and stands no more. */
    @ParameterizedTest
    @EnumSource(names = {"DISK", "INTERVAL"})
    void aLeaderWhoseForceDoesNotEndStepsDown(Durability durability) throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        JournalOptions options = OPTIONS.withDurability(durability).withSyncIntervalMs(1);
        try (HandDrivenMember leader = new HandDrivenMember(disk.openJournal(options), disk.openVotes())) {
            leader.becomeLeader();
            long term = leader.raft.term();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, term, true, 1, 0, 0, 1);
            leader.beside = new ArrayDeque<>();
            disk.failNext(Fault.HANG);
            byte[] command = StockRaft.command("not forced");
            leader.raft.enqueue(command, 0, command.length);
            leader.raft.turn();
            leader.beside.forEach(force -> new Thread(force, "beside").start()); // with INTERVAL the journal has its own
            try {
                TestCluster.eventually().until(() -> leader.journal.forceUnderWay() != 0);
                requireThatItGivesWay(leader);
            } finally {
                disk.mend();
            }
            TestCluster.eventually().until(() -> leader.journal.forceUnderWay() == 0);
            letPass(leader, 1_000);
            assertThat(leader.last(MessageKind.PRE_VOTE).currTerm()).as("with a disk that answers").isEqualTo(term + 1);
        }
    }

    private static void requireThatItGivesWay(HandDrivenMember leader) {
        long term = leader.raft.term();
        letPass(leader, STEP_DOWN_MS - 100);
        assertThat(leader.raft.leads()).as("a disk may be slow").isTrue();
        letPass(leader, 200);
        assertThat(leader.raft.leads()).isFalse();
        assertThat(leader.told).last().isEqualTo("follower " + term + " of null");
        letPass(leader, 5_000);
        assertThat(leader.sent(MessageKind.PRE_VOTE)).as("asked only before it led").allMatch(header -> header.currTerm() <= term);
    }

    /** The followers answer all this time. */
    private static void letPass(HandDrivenMember member, int ms) {
        for (int i = 0; i < ms; i += 20) {
            member.now += 20 * HandDrivenMember.MS;
            long term = member.raft.term();
            member.deliver(member.second, MessageKind.HEARTBEAT_ANSWER, term, true, member.now, 1, 0, 1);
            member.deliver(member.third, MessageKind.HEARTBEAT_ANSWER, term, true, member.now, 1, 0, 1);
        }
    }

    @Test
    void whoLedForcesItsOwnEntriesBeforeItAcknowledgesThemToAnother() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember member = leaderWithAnEntryNotForced(disk)) {
            long term = member.raft.term();
            disk.failNext(Fault.FORCE);
            member.sent.clear();
            turn(member, () -> member.append(member.second, term + 1, 3, term, 2, term + 1));
            assertThat(member.sent(MessageKind.APPEND_ANSWER)).isEmpty();
            requireSilentEnd(member);
        }
    }

    private HandDrivenMember leaderWithAnEntryNotForced(FaultyStorage disk) {
        HandDrivenMember leader = member(disk);
        leader.append(leader.second, 1, 0, 0, 0, 1, "of an older leader, and forced");
        leader.becomeLeader();
        leader.deliver(leader.second, MessageKind.APPEND_ANSWER, leader.raft.term(), true, 2, 0, 0, 2);
        leader.beside = new ArrayDeque<>();
        byte[] command = StockRaft.command("slow");
        leader.raft.enqueue(command, 0, command.length);
        leader.raft.turn();
        return leader;
    }

    private static void proposeUntilItFails(HandDrivenMember leader) {
        for (int i = 0; i < MANY; i++) {
            byte[] command = StockRaft.command(BODY);
            leader.raft.enqueue(command, 0, command.length);
            leader.raft.turn();
            long last = leader.raft.lastAppended();
            leader.queue(leader.second, MessageKind.APPEND_ANSWER, leader.raft.term(), true, last, 0, 0, last);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FORCE", "CLAIM"})
    void aFollowerAcknowledgesNothingOfWhatItCouldNotStore(Fault fault) throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember follower = member(disk)) {
            follower.append(follower.second, 1, 0, 0, 0, 1, "a");
            disk.failNext(fault);
            turn(follower, () -> {
                for (int i = 1; i <= MANY; i++) {
                    follower.append(follower.second, 1, i, 1, i, 1, BODY);
                }
            });
            List<GroupHeader> answers = follower.sent(MessageKind.APPEND_ANSWER);
            long acknowledged = answers.get(answers.size() - 1).a;
            assertThat(acknowledged).isLessThan(MANY);
            if (fault == Fault.FORCE) {
                assertThat(acknowledged).isEqualTo(1);
            }
            requireSilentEnd(follower);
        }
        disk.mend();
        try (HandDrivenMember again = member(disk)) {
            assertThat(again.journal.lastIndex()).as("what it acknowledged is there").isPositive();
        }
    }

    @Test
    void aVoteThatCouldNotBeStoredIsNotGiven() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember voter = member(disk)) {
            disk.failNext(Fault.VOTE);
            turn(voter, () -> voter.deliver(voter.second, MessageKind.VOTE, 5, true, 10, 4, 0, 0));
            assertThat(voter.sent).isEmpty();
            requireSilentEnd(voter);
        }
    }

    @Test
    void aCandidateWhoseOwnVoteCouldNotBeStoredDoesNotStand() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember candidate = member(disk)) {
            disk.failNext(Fault.VOTE);
            turn(candidate, candidate::becomeLeader);
            assertThat(candidate.sent(MessageKind.VOTE)).isEmpty();
            requireSilentEnd(candidate);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FORCE", "DIRECTORY"})
    void aSnapshotThatCouldNotBeStoredEndsTheMember(Fault fault) throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember member = member(disk)) {
            member.becomeLeader();
            member.deliver(member.second, MessageKind.APPEND_ANSWER, member.raft.term(), true, 1, 0, 0, 1);
            disk.failNext(fault);
            int before = member.sent.size();
            turn(member, () -> {
                member.raft.request((requests, done) -> requests.compact(1, new byte[1], j -> Long.MAX_VALUE, done));
                member.raft.turn();
            });
            assertThat(member.sent).hasSize(before);
            requireSilentEnd(member);
        }
    }

    @Test
    void severalMessagesOfOneTurnAreAnsweredTogetherOrNotAtAll() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember follower = member(disk)) {
            disk.failNext(Fault.FORCE);
            follower.queueAppend(follower.second, 1, 0, 0, 0, 1, "a");
            follower.queueAppend(follower.second, 1, 1, 1, 0, 1, "b");
            turn(follower, follower.raft::turn);
            assertThat(follower.sent).isEmpty();
            requireSilentEnd(follower);
        }
    }

    @Test
    void aFollowerWhoseDiskFailedBehindItVotesForNobodyAndAnswersNoHeartbeat() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember follower = memberForcedBehind(disk)) {
            failBehind(follower, disk, () -> follower.append(follower.second, 1, 1, 1, 1, 1, "acknowledged"));
            follower.queue(follower.second, MessageKind.HEARTBEAT, 1, true, 7, 1, 1, 0);
            follower.queue(follower.third, MessageKind.VOTE, 5, true, 10, 4, 0, 0);
            turn(follower, follower.raft::turn);
            assertThat(follower.sent).isEmpty();
            assertThat(follower.votes.term()).as("of the vote nothing is stored").isEqualTo(1);
            requireSilentEnd(follower);
            assertThat(follower.raft.status().failure()).as("why it left").contains("Input/output error");
        }
    }

    @Test
    void aLeaderWhoseDiskFailedBehindItSendsNoHeartbeatAndEarnsNoLease() throws IOException {
        FaultyStorage disk = new FaultyStorage(directory);
        try (HandDrivenMember leader = memberForcedBehind(disk)) {
            failBehind(leader, disk, leader::becomeLeader);
            long sent = leader.now;
            leader.now += 50 * HandDrivenMember.MS;
            leader.queue(leader.second, MessageKind.HEARTBEAT_ANSWER, leader.raft.term(), true, sent, 2, 1, 2);
            turn(leader, leader.raft::turn);
            assertThat(leader.sent).isEmpty();
            assertThat(leader.evidence).isEmpty();
            requireSilentEnd(leader);
        }
    }
}
