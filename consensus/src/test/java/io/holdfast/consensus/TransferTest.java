package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lead handed over on demand: three members, real transport, entries offered all the time. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TransferTest {
    private static final Logger LOG = LoggerFactory.getLogger(TransferTest.class);
    private static final long MS = 1_000_000;

    @TempDir
    Path directory;

    @Test
    void handsOverUnderLoadWithoutLosingWhatWasCommitted() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start(); LoadOn load = new LoadOn(cluster)) {
            List<Long> gaps = new ArrayList<>();
            for (int round = 0; round < 10; round++) {
                TestMember old = cluster.leader();
                TestMember next = cluster.followers().get(round % 2);
                long before = load.committed();
                eventually().until(() -> load.committed() > before + 100);
                long term = old.group().term();
                long asked = System.nanoTime();
                old.group().transferLeadership(next.name).get(30, TimeUnit.SECONDS);
                eventually().until(next::leads);
                gaps.add((next.leadsSinceNanos - asked) / 1000);
                assertThat(next.group().term()).isGreaterThan(term);
            }
            LOG.info("without a leader, from the request to onLeader, us: {}", gaps);
            load.stop();
            List<String> promised = load.promised();
            for (TestMember member : cluster.members) {
                eventually().until(() -> new HashSet<>(member.bodies()).containsAll(promised));
                assertThat(member.failure).isNull();
            }
            assertThat(cluster.members.get(0).bodies()).isEqualTo(cluster.members.get(1).bodies());
            assertThat(gaps).as("no timeout was waited for").anyMatch(us -> us < 100_000);
        }
    }

    @Test
    void goesToTheOneThatHoldsMostWhenNobodyIsNamed() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember old = cluster.leader();
            TestMember gone = cluster.followers().get(0);
            TestMember other = cluster.followers().get(1);
            gone.stop();
            RaftGroupTest.offer(old, "a", 10);
            eventually().until(() -> old.bodies().size() == 10);
            old.group().transferLeadership(null).get(30, TimeUnit.SECONDS);
            assertThat(cluster.leader()).isEqualTo(other);
            assertThat(old.group().role()).isEqualTo(Role.FOLLOWER);
        }
    }

    @Test
    void theLeaderGoesOnWhenTheOtherDoesNotAnswer() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            TestMember gone = cluster.followers().get(0);
            RaftGroupTest.offer(leader, "a", 10);
            gone.stop();
            RaftGroupTest.offer(leader, "b", 10);
            long term = leader.group().term();
            CompletableFuture<Void> transfer = leader.group().transferLeadership(gone.name);
            eventually().until(() -> transfer.isDone() || !leader.leads());
            assertThatThrownBy(() -> transfer.get(30, TimeUnit.SECONDS)).hasMessageContaining(gone.name)
                    .hasMessageContaining("lacks");
            eventually().until(leader::leads);
            RaftGroupTest.offer(leader, "c", 10);
            eventually().until(() -> leader.bodies().size() == 30);
            assertThat(leader.group().term()).isEqualTo(term);
        }
    }

    @Test
    void onlyALeaderHandsOverAndOnlyToAMember() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            TestMember follower = cluster.followers().get(0);
            assertThatThrownBy(() -> follower.group().transferLeadership(leader.name).get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(NotLeaderException.class);
            assertThatThrownBy(() -> leader.group().transferLeadership("nobody").get(30, TimeUnit.SECONDS))
                    .hasMessageContaining("nobody");
            assertThat(leader.group().transferLeadership(leader.name)).succeedsWithin(java.time.Duration.ofSeconds(30));
        }
    }

    /** Message by message: nothing new is taken, the target is told once it holds everything, and the end has a bound. */
    @Test
    void isToldOnlyWhenItHoldsEverythingAndIsGivenUpAfterTheElectionTimeout() {
        try (HandDrivenMember ours = new HandDrivenMember(directory, 1)) {
            ours.becomeLeader();
            long term = ours.raft.term();
            ours.deliver(ours.second, MessageKind.APPEND_ANSWER, term, true, 2, 0, 0, 2);
            byte[] command = StockRaft.command("x");
            assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
            CompletableFuture<Void> done = ours.raft.request((requests, future) -> requests.transfer("n2", future));
            ours.raft.turn();
            assertThat(ours.raft.enqueue(command, 0, command.length)).as("nothing new is taken").isFalse();
            assertThat(ours.journal.lastIndex()).as("what was taken is carried on with").isEqualTo(3);
            assertThat(ours.sent(MessageKind.TIMEOUT_NOW)).isEmpty();
            ours.deliver(ours.second, MessageKind.APPEND_ANSWER, term, true, 3, 0, 0, 3);
            assertThat(ours.sent(MessageKind.TIMEOUT_NOW)).hasSize(1);
            assertThat(done).isNotDone();
            ours.now += 121 * MS;
            ours.raft.turn();
            assertThat(done).isCompletedExceptionally();
            assertThat(ours.raft.leads()).isTrue();
            assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
        }
    }

    @Test
    void theOneThatIsToldStandsWithoutAskingFirstButOnlyForItsLeader() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1)) {
            member.deliver(member.second, MessageKind.HEARTBEAT, 1, true, 1, 0, 0, 0);
            member.deliver(member.third, MessageKind.TIMEOUT_NOW, 1, true, 0, 0, 0, 0);
            assertThat(member.sent(MessageKind.VOTE)).as("not its leader").isEmpty();
            member.deliver(member.second, MessageKind.TIMEOUT_NOW, 1, true, 0, 0, 0, 0);
            assertThat(member.sent(MessageKind.PRE_VOTE)).isEmpty();
            assertThat(member.sent(MessageKind.VOTE)).hasSize(2);
            assertThat(member.raft.term()).isEqualTo(2);
        }
    }
}
