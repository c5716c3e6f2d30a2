package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.Durability;
import org.jgroups.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A journal that drops its prefix, and members that need what was dropped. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SnapshotTest {
    private static final long MS = 1_000_000;

    @TempDir
    Path directory;

    @Test
    void aMemberThatWasAwayGetsTheSnapshotAndThenTheEntriesBehindItUnderLoad() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            TestMember away = cluster.followers().get(0);
            away.stop();
            List<String> offered = new ArrayList<>(RaftGroupTest.offer(leader, "a", 500));
            eventually().until(() -> leader.bodies().size() == 500);
            // Its last message is younger than the leader's patience: what it lacks is kept until then.
            eventually().until(() -> {
                leader.compact();
                return leader.journal().floorIndex() >= 500;
            });
            away.start();
            try (LoadOn load = new LoadOn(cluster)) {
                eventually().until(() -> away.snapshots > 0 && load.committed() > 100);
                load.stop();
                offered.addAll(load.promised());
            }
            eventually().until(() -> away.bodies().containsAll(offered));
            assertThat(away.bodies()).isEqualTo(leader.bodies());
            assertThat(away.journal().firstIndex()).isGreaterThan(500);
            assertThat(MembershipTest.names(away)).containsExactly("n1", "n2", "n3");
        }
    }

    @Test
    void everyMemberStartsAgainFromSnapshotAndFloorAndTheGroupGoesOn() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory)) {
            cluster.members.forEach(m -> m.durability = Durability.DISK);
            cluster.start();
            List<String> offered = RaftGroupTest.offer(cluster.leader(), "a", 50);
            for (TestMember member : cluster.members) {
                eventually().until(() -> member.bodies().size() == 50);
                member.compact();
            }
            offered.addAll(RaftGroupTest.offer(cluster.leader(), "b", 50));
            cluster.members.forEach(m -> eventually().until(() -> m.bodies().size() == 100));
            cluster.members.forEach(TestMember::stop);
            cluster.members.forEach(TestMember::start);
            offered.addAll(RaftGroupTest.offer(cluster.leader(), "c", 10));
            for (TestMember member : cluster.members) {
                eventually().untilAsserted(() -> assertThat(member.bodies()).isEqualTo(offered));
                assertThat(member.journal().floorIndex()).isGreaterThanOrEqualTo(50);
            }
        }
    }

    @Test
    void aNewMemberBeginsWithTheSnapshot() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            List<String> offered = RaftGroupTest.offer(leader, "a", 200);
            for (TestMember member : cluster.members) {
                eventually().until(() -> member.bodies().size() == 200);
            }
            eventually().until(() -> {
                leader.compact();
                return leader.journal().floorIndex() >= 200;
            });
            TestMember fourth = cluster.join("n4");
            leader.group().addMember(fourth.member()).get(60, TimeUnit.SECONDS);
            eventually().untilAsserted(() -> assertThat(fourth.bodies()).isEqualTo(offered));
            assertThat(fourth.snapshots).isEqualTo(1);
            eventually().until(() -> fourth.group().role() == Role.FOLLOWER);
        }
    }

    @Test
    void entriesThatAreToBeKeptStayUntilTheyNeedNot() throws Exception {
        try (TestCluster cluster = TestCluster.of(1, directory).start()) {
            TestMember leader = cluster.leader();
            RaftGroupTest.offer(leader, "a", 50);
            eventually().until(() -> leader.bodies().size() == 50);
            long index = leader.group().status().appliedIndex();
            leader.group().compact(index, new byte[0], j -> 20).get(20, TimeUnit.SECONDS);
            assertThat(leader.journal().snapshot().index()).isEqualTo(index);
            assertThat(leader.journal().firstIndex()).isEqualTo(20);
            leader.group().dropPrefix(j -> 30).get(20, TimeUnit.SECONDS);
            assertThat(leader.journal().firstIndex()).isEqualTo(30);
            leader.group().dropPrefix(j -> Long.MAX_VALUE).get(20, TimeUnit.SECONDS);
            assertThat(leader.journal().floorIndex()).isEqualTo(index);
            assertThat(leader.failure).isNull();
        }
    }

    @Test
    void onlyWhatIsAppliedCanBeCompacted() {
        try (TestCluster cluster = TestCluster.of(1, directory).start()) {
            TestMember leader = cluster.leader();
            long beyond = leader.group().commitIndex() + 1;
            assertThatThrownBy(() -> leader.group().compact(beyond, new byte[0]).get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(IllegalArgumentException.class);
            assertThat(leader.failure).isNull();
        }
    }

    /** Message by message: a window of pieces, heartbeats in between, and after a loss it goes on where it stopped. */
    @Test
    void piecesKeepToTheWindowAndAreResumed() {
        try (HandDrivenMember ours = new HandDrivenMember(directory, c -> c.withWindow(16 << 10, 4 << 10), 1, 1, 1)) {
            ours.becomeLeader();
            long term = ours.raft.term();
            ours.deliver(ours.second, MessageKind.APPEND_ANSWER, term, true, 4, 0, 4, 4);
            ours.now += 3_000 * MS; // n3 was never heard: it does not hold the prefix
            ours.deliver(ours.second, MessageKind.HEARTBEAT_ANSWER, term, true, ours.now, 4, 4, 4);
            ours.raft.request((requests, done) -> requests.compact(4, new byte[40_000], j -> Long.MAX_VALUE, done));
            ours.raft.turn();
            assertThat(ours.journal.floorIndex()).isEqualTo(4);
            ours.sent.clear();

            ours.deliver(ours.third, MessageKind.APPEND_ANSWER, term, false, 0, 3, 0, 0);
            assertThat(offsets(ours)).containsExactly(0L, 4096L, 8192L, 12288L);
            assertThat(ours.raft.peers().get(1).progress).isEqualTo(GroupStatus.PeerProgress.SNAPSHOT);
            long total = ours.last(MessageKind.SNAPSHOT).d;
            ours.sent.clear();
            ours.deliver(ours.third, MessageKind.SNAPSHOT_ANSWER, term, true, 4, 4096, 0, 0);
            assertThat(offsets(ours)).containsExactly(16384L);
            ours.sent.clear();
            ours.now += 50 * MS;
            ours.raft.turn();
            assertThat(ours.sent(MessageKind.HEARTBEAT)).as("heartbeats go on").hasSize(2);
            assertThat(offsets(ours)).isEmpty();
            ours.now += 60 * MS;
            ours.raft.turn();
            assertThat(offsets(ours)).as("what was lost, and no more").containsExactly(4096L, 8192L, 12288L, 16384L);
            ours.sent.clear();
            ours.deliver(ours.third, MessageKind.SNAPSHOT_ANSWER, term, true, 4, total, 4, 4);
            assertThat(ours.raft.peers().get(1).matchIndex).isEqualTo(4);
            assertThat(ours.raft.peers().get(1).progress).isEqualTo(GroupStatus.PeerProgress.STREAMING);
        }
    }

    /** The disk takes its time: a leader that waited for it was silent for so long. */
    @Test
    void theRunnerGoesOnWhileASnapshotIsStored() {
        try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 1, 1)) {
            ours.beside = new ArrayDeque<>();
            ours.becomeLeader();
            long term = ours.raft.term();
            ours.deliver(ours.second, MessageKind.APPEND_ANSWER, term, true, 4, 0, 4, 4);
            ours.raft.propose(StockRaft.command("one more"));
            ours.raft.turn();
            ours.deliver(ours.second, MessageKind.APPEND_ANSWER, term, true, 5, 0, 5, 5);
            ours.now += 3_000 * MS; // n3 was never heard: it does not hold the prefix
            ours.deliver(ours.second, MessageKind.HEARTBEAT_ANSWER, term, true, ours.now, 5, 5, 5);
            CompletableFuture<Void> first = compact(ours, 4);
            CompletableFuture<Void> second = compact(ours, 5);
            ours.raft.turn();
            ours.sent.clear();
            ours.now += 50 * MS;
            ours.raft.turn();
            assertThat(ours.sent(MessageKind.HEARTBEAT)).isNotEmpty();
            assertThat(ours.journal.snapshot()).isNull();
            assertThat(ours.beside).as("one at a time").hasSize(1);

            ours.beside.remove().run();
            ours.raft.turn();
            assertThat(first).isCompleted();
            assertThat(second).isNotDone();
            assertThat(ours.journal.floorIndex()).isEqualTo(4);
            ours.raft.fail(new IllegalStateException("the end of the group"));
            assertThat(second).as("nobody waits for ever").isCompletedExceptionally();
        }
    }

    /** It is told to begin behind entry 7 while what stands for entry 4 is stored: the later one counts. */
    @Test
    void aSnapshotInstalledMeanwhileIsNotSetBack() {
        byte[] bytes = snapshotBytes();
        try (HandDrivenMember member = new HandDrivenMember(directory, 1, 1, 1)) {
            member.beside = new ArrayDeque<>();
            member.becomeLeader();
            long term = member.raft.term();
            member.deliver(member.second, MessageKind.APPEND_ANSWER, term, true, 4, 0, 4, 4);
            CompletableFuture<Void> own = compact(member, 4);
            member.raft.turn();
            piece(member, term + 1, bytes, 0, bytes.length);
            assertThat(member.journal.floorIndex()).isEqualTo(7);
            member.beside.forEach(Runnable::run);
            member.raft.turn();
            assertThat(own).isCompleted();
            assertThat(member.journal.floorIndex()).isEqualTo(7);
            assertThat(member.journal.snapshot().index()).isEqualTo(7);
        }
        try (HandDrivenMember again = new HandDrivenMember(directory)) {
            assertThat(again.journal.floorIndex()).isEqualTo(7);
        }
    }

    private static CompletableFuture<Void> compact(HandDrivenMember member, long index) {
        return member.raft.request((requests, done) -> requests.compact(index, new byte[10], j -> Long.MAX_VALUE, done));
    }

    @Test
    void aFollowerTakesPiecesInOrderOnlyAndOfItsLeaderOnly() {
        byte[] bytes = snapshotBytes();
        try (HandDrivenMember follower = new HandDrivenMember(directory, 1, 1)) {
            follower.votes.save(3, null);
        }
        try (HandDrivenMember follower = new HandDrivenMember(directory)) {
            piece(follower, 2, bytes, 0, 10);
            assertThat(follower.last(MessageKind.SNAPSHOT_ANSWER).granted()).as("an old leader's").isFalse();
            assertThat(follower.last(MessageKind.SNAPSHOT_ANSWER).currTerm()).isEqualTo(3);
            piece(follower, 3, bytes, 10, 20);
            assertThat(follower.last(MessageKind.SNAPSHOT_ANSWER).granted()).isFalse();
            piece(follower, 3, bytes, 0, 10);
            piece(follower, 3, bytes, 0, 10);
            assertThat(follower.last(MessageKind.SNAPSHOT_ANSWER).b).as("a repeated one changes nothing").isEqualTo(10);
            piece(follower, 3, bytes, 10, bytes.length);
            assertThat(follower.last(MessageKind.SNAPSHOT_ANSWER).b).isEqualTo(bytes.length);
            assertThat(follower.journal.floorIndex()).isEqualTo(7);
            assertThat(follower.raft.committed()).isEqualTo(7);
            assertThat(follower.told).contains("snapshot 7 state");
            follower.append(follower.second, 3, 7, 2, 8, 3, "behind it");
            assertThat(follower.applied).containsExactly("behind it");
        }
        try (HandDrivenMember again = new HandDrivenMember(directory)) {
            again.raft.turn();
            assertThat(again.told).contains("snapshot 7 state");
            assertThat(again.raft.committed()).isEqualTo(8);
        }
    }

    /** It only did not know that they are committed: nothing is thrown away. */
    @Test
    void aJournalThatHoldsTheEntriesIsKept() {
        byte[] bytes = snapshotBytes();
        try (HandDrivenMember follower = new HandDrivenMember(directory, 1, 1, 1, 2, 2, 2, 2, 2)) {
            piece(follower, 3, bytes, 0, bytes.length);
            assertThat(follower.journal.firstIndex()).isEqualTo(1);
            assertThat(follower.journal.lastIndex()).isEqualTo(8);
            assertThat(follower.raft.committed()).isEqualTo(7);
            assertThat(follower.applied).hasSize(7);
        }
    }

    /** A crash between the saved snapshot and the dropped prefix: both are there, and the start uses the entries. */
    @Test
    void aSnapshotWithoutADroppedPrefixIsNoHindrance() {
        try (HandDrivenMember member = new HandDrivenMember(directory, 1, 1, 1)) {
            member.journal.commitIndex(3);
            member.journal.saveSnapshot(3, 1, snapshotBytes());
        }
        try (HandDrivenMember member = new HandDrivenMember(directory)) {
            member.raft.turn();
            assertThat(member.applied).hasSize(3);
            assertThat(member.told).noneMatch(t -> t.startsWith("snapshot"));
        }
    }

    private static List<Long> offsets(HandDrivenMember member) {
        return member.sent(MessageKind.SNAPSHOT).stream().map(h -> h.c).toList();
    }

    private static byte[] snapshotBytes() {
        Member self = new Member("n1", java.net.InetAddress.getLoopbackAddress(), 1);
        return new GroupSnapshot(new Configuration(new java.util.UUID(1, 2), List.of(self,
                new Member("n2", self.address(), 2), new Member("n3", self.address(), 3))), "state".getBytes()).encode();
    }

    private static void piece(HandDrivenMember member, long term, byte[] bytes, int from, int to) {
        byte[] piece = Arrays.copyOfRange(bytes, from, to);
        Message message = Outbox.snapshotMessage(null, piece);
        GroupHeader header = new GroupHeader(MessageKind.SNAPSHOT, term, true, 7, 2, from, bytes.length);
        member.raft.up(message.setSrc(member.second).putHeader(member.raft.getId(), header));
        member.raft.turn();
    }
}
