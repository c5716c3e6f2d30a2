package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

import io.holdfast.journal.Durability;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.JournalOptions;
import org.jgroups.Address;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the vote of a member is worth whose machine restarted, when its entries were not forced. */
class MemoryTest {
    private static final JournalOptions OPTIONS = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withRollBytes(1 << 20);
    private static final long MS = HandDrivenMember.MS;

    @TempDir
    Path directory;
    private FaultyStorage disk;

    @BeforeEach
    void takeTheDirectory() throws IOException {
        disk = new FaultyStorage(directory);
    }

    private HandDrivenMember start(Durability durability) {
        return new HandDrivenMember(disk.openJournal(OPTIONS.withDurability(durability)), disk.openVotes());
    }

    /** Holds entry 1 of term 1, and its machine has lost power since. */
    private HandDrivenMember restarted(Durability durability) throws IOException {
        HandDrivenMember before = start(durability);
        before.append(before.second, 1, 0, 0, 0, 1, "a");
        before.raft.stop();
        disk.powerCut(new Random(1), durability == Durability.DISK ? 1 : 0, before.journal, before.votes);
        return start(durability);
    }

    private static void run(HandDrivenMember candidate) {
        candidate.raft.turn();
        candidate.now += 300 * MS;
        candidate.raft.turn();
        candidate.now += 300 * MS;
        candidate.raft.turn();
    }

    private static void yes(HandDrivenMember candidate, Address from, boolean mayHaveForgotten) {
        long next = candidate.raft.term() + 1;
        candidate.deliver(from, MessageKind.PRE_VOTE_ANSWER, candidate.raft.term(), true, next, 0, mayHaveForgotten ? 1 : 0, 0);
    }

    private static void vote(HandDrivenMember candidate, Address from, boolean mayHaveForgotten) {
        candidate.deliver(from, MessageKind.VOTE_ANSWER, candidate.raft.term(), true, 0, mayHaveForgotten ? 1 : 0, 0, 0);
    }

    @Test
    void oneThatMayHaveForgottenIsElectedByAllOnly() throws IOException {
        try (HandDrivenMember candidate = restarted(Durability.PROCESS)) {
            assertThat(candidate.journal.mayHaveForgotten()).isTrue();
            run(candidate);
            long term = candidate.raft.term();
            yes(candidate, candidate.second, false);
            assertThat(candidate.raft.term()).as("a majority, but itself does not count").isEqualTo(term);
            yes(candidate, candidate.third, false);
            assertThat(candidate.raft.term()).as("all of them").isEqualTo(term + 1);
            vote(candidate, candidate.second, false);
            assertThat(candidate.raft.leads()).isFalse();
            vote(candidate, candidate.third, false);
            assertThat(candidate.raft.leads()).isTrue();
            long first = candidate.raft.lastAppended();
            candidate.deliver(candidate.second, MessageKind.APPEND_ANSWER, term + 1, true, first, 0, 0, first);
            assertThat(candidate.journal.mayHaveForgotten()).as("it leads: it holds all there is").isFalse();
        }
    }

    @Test
    void theVoteOfOneThatMayHaveForgottenDoesNotMakeAMajority() throws IOException {
        try (HandDrivenMember candidate = start(Durability.PROCESS)) {
            run(candidate);
            long term = candidate.raft.term();
            yes(candidate, candidate.second, true);
            assertThat(candidate.raft.term()).isEqualTo(term);
            yes(candidate, candidate.third, false);
            vote(candidate, candidate.second, true);
            assertThat(candidate.raft.leads()).isFalse();
            vote(candidate, candidate.third, false);
            assertThat(candidate.raft.leads()).isTrue();
        }
    }

    @Test
    void itSaysSoUntilALeaderHasComparedItsJournal() throws IOException {
        try (HandDrivenMember member = restarted(Durability.PROCESS)) {
            member.deliver(member.second, MessageKind.PRE_VOTE, 2, false, 9, 1, 0, 0);
            assertThat(member.last(MessageKind.PRE_VOTE_ANSWER).c).isEqualTo(1);
            member.deliver(member.second, MessageKind.VOTE, 2, false, 9, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).b).isEqualTo(1);
            member.deliver(member.second, MessageKind.HEARTBEAT, 2, true, 1, 0, 1, 77);
            assertThat(member.journal.mayHaveForgotten()).as("told of another process").isTrue();
            member.deliver(member.second, MessageKind.HEARTBEAT, 2, true, 2, 0, 1, Memory.process(member.raft.getAddress()));
            assertThat(member.journal.mayHaveForgotten()).isFalse();
            member.deliver(member.third, MessageKind.VOTE, 3, false, 9, 1, 0, 0);
            assertThat(member.last(MessageKind.VOTE_ANSWER).b).isZero();
        }
    }

    @Test
    void aLeaderTellsAProcessWhenItHoldsAllThatAnEarlierOneMayHaveAcknowledged() {
        try (HandDrivenMember leader = start(Durability.PROCESS)) {
            leader.becomeLeader();
            long term = leader.raft.term();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, term, true, 1, 0, 0, 1);
            byte[] command = StockRaft.command("x");
            leader.raft.enqueue(command, 0, command.length);
            leader.raft.turn();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, term, true, 2, 0, 0, 2);
            Address again = HandDrivenRaft.addressOf("n2", new Random(7));
            leader.deliver(again, MessageKind.APPEND_ANSWER, term, true, 1, 0, 0, 1);
            assertThat(heartbeatTo(leader)).as("its new process holds entry 1 of 2").isZero();
            leader.deliver(leader.second, MessageKind.APPEND_ANSWER, term, true, 2, 0, 0, 2);
            assertThat(heartbeatTo(leader)).as("what the old process said is late").isZero();
            leader.deliver(again, MessageKind.APPEND_ANSWER, term, true, 2, 0, 0, 2);
            assertThat(heartbeatTo(leader)).isEqualTo(Memory.process(again));
        }
    }

    /** What the next heartbeat tells n2. */
    private static long heartbeatTo(HandDrivenMember leader) {
        leader.sent.clear();
        leader.now += 50 * MS;
        leader.raft.turn();
        return leader.sent(MessageKind.HEARTBEAT).get(0).d;
    }

    @Test
    void withForcedEntriesNothingIsForgotten() throws IOException {
        try (HandDrivenMember member = restarted(Durability.DISK)) {
            assertThat(member.journal.lastIndex()).isEqualTo(1);
            assertThat(member.journal.mayHaveForgotten()).isFalse();
        }
    }
}
