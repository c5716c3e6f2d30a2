package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.FaultyStorage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three members in one process, real transport, real journals. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RaftGroupTest {
    @TempDir
    Path directory;

    @Test
    void formsElectsAndCommitsInTheOrderOfTheCallsOnEveryMember() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            List<String> offered = offer(leader, "a", 1000);
            for (TestMember member : cluster.members) {
                eventually().untilAsserted(() -> assertThat(member.bodies()).isEqualTo(offered));
                assertThat(indexes(member)).isEqualTo(firstIndexes(member.committed().size()));
                assertThat(member.failure).isNull();
            }
            assertThat(leader.committed().get(0).kind()).isEqualTo(EntryKind.TERM_START);
            assertThat(leader.roles()).last().asString().startsWith("leader " + leader.group().term() + " after ");
        }
    }

    @Test
    void aProposalTellsItsIndexAfterItWasApplied() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            CompletableFuture<Long> index = leader.group().propose(Command.encode(EntryKind.MARK, 0, 7, "m".getBytes()));
            long committed = index.get(30, TimeUnit.SECONDS);
            assertThat(leader.committed().get((int) committed - 1).kind()).isEqualTo(EntryKind.MARK);
            TestMember follower = cluster.followers().get(0);
            assertThat(follower.offer("x")).isFalse();
            byte[] mark = Command.encode(EntryKind.MARK, 0, 7, new byte[0]);
            assertThatThrownBy(() -> follower.group().propose(mark).get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(NotLeaderException.class);
        }
    }

    @Test
    void anotherMemberTakesOverAndTheOldOneCatchesUpAfterItsRestart() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember first = cluster.leader();
            List<String> expected = new ArrayList<>(offer(first, "a", 200));
            eventually().until(() -> first.bodies().size() == 200);
            first.stop();
            TestMember second = cluster.leader();
            expected.addAll(offer(second, "b", 200));
            eventually().until(() -> second.bodies().size() == 400);
            first.start();
            eventually().untilAsserted(() -> assertThat(first.bodies()).isEqualTo(expected));
            assertThat(indexes(first)).isEqualTo(firstIndexes(first.committed().size()));
        }
    }

    @Test
    void commitsJustSoWhenEveryEntryIsForcedToDisk() {
        try (TestCluster cluster = TestCluster.of(3, directory)) {
            cluster.members.forEach(m -> m.durability = Durability.DISK);
            cluster.start();
            List<String> offered = offer(cluster.leader(), "a", 100);
            for (TestMember member : cluster.members) {
                eventually().untilAsserted(() -> assertThat(member.bodies()).isEqualTo(offered));
            }
        }
    }

    @Test
    void aGroupOfOneLeadsItself() {
        try (TestCluster cluster = TestCluster.of(1, directory).start()) {
            TestMember leader = cluster.leader();
            List<String> offered = offer(leader, "a", 10);
            eventually().untilAsserted(() -> assertThat(leader.bodies()).isEqualTo(offered));
            eventually().until(() -> leader.evidence().size() > 3);
        }
    }

    @Test
    void withoutAMajorityNothingIsCommittedAndNoEvidenceComes() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            offer(leader, "a", 10);
            eventually().until(() -> leader.bodies().size() == 10 && !leader.evidence().isEmpty());
            List<TestMember> followers = cluster.followers();
            followers.forEach(TestMember::stop);
            long gone = System.nanoTime();
            long committed = leader.group().commitIndex();
            CompletableFuture<Long> hanging = leader.group().propose(Command.encode(EntryKind.MARK, 0, 1, new byte[0]));

            eventually().until(() -> leader.group().role() != Role.LEADER);
            assertThat(hanging).isCompletedExceptionally();
            assertThat(leader.group().commitIndex()).isEqualTo(committed);
            assertThat(leader.evidence()).allSatisfy(sent -> assertThat(sent - gone).isNegative());
            eventually().untilAsserted(() -> assertThat(leader.roles()).last().asString().startsWith("follower"));
            assertThat(leader.offer("x")).isFalse();

            followers.get(0).start();
            TestMember next = cluster.leader();
            offer(next, "b", 1);
            for (TestMember member : List.of(leader, followers.get(0))) {
                eventually().until(() -> member.bodies().contains("b0"));
            }
        }
    }

    @Test
    void offersAreBoundedAndNeverWait() {
        try (TestCluster cluster = TestCluster.of(3, directory,
                c -> c.withElection(400, 200, 60_000).withMaxInFlight(100)).start()) {
            TestMember leader = cluster.leader();
            cluster.followers().forEach(TestMember::stop);
            int taken = 0;
            while (leader.offer("a" + taken)) {
                taken++;
            }
            assertThat(taken).isEqualTo(100);
            assertThat(leader.group().status().inFlight()).isEqualTo(100);
            assertThatThrownBy(() -> leader.group().offer(new byte[15], 0, 15)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> leader.group().propose(new byte[2 << 20])).isInstanceOf(IllegalArgumentException.class);
            assertThat(leader.failure).isNull();
        }
    }

    @Test
    void aLeaderWhoseJournalFailsStopsAndAcknowledgesNothingMore() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            offer(leader, "a", 10);
            for (TestMember member : cluster.members) {
                eventually().until(() -> member.bodies().size() == 10);
            }
            List<TestMember> others = cluster.followers();
            leader.journal().failed(new IOException("disk full"));
            leader.offer("lost"); // taken, if the runner has not seen the failure yet

            eventually().until(() -> leader.failure != null);
            assertThat(leader.failure).hasRootCauseMessage("disk full");
            assertThat(leader.group().role()).isEqualTo(Role.STOPPED);
            assertThat(leader.group().status().failure()).contains("disk full");
            assertThat(leader.offer("x")).isFalse();
            TestMember next = cluster.leader();
            offer(next, "b", 1);
            for (TestMember member : others) {
                eventually().until(() -> member.bodies().contains("b0"));
                assertThat(member.bodies()).as("sent before it was appended").doesNotContain("lost");
            }
            assertThat(leader.bodies()).doesNotContain("lost", "b0");
        }
    }

    /** Where nobody waits for the disk, its failure is found by another thread, and perhaps nothing is appended after it. */
    @Test
    void aLeaderWhoseDiskFailsWhileNothingIsAppendedLosesTheLeadAndItsLease() throws IOException {
        try (TestCluster cluster = TestCluster.of(3, directory)) {
            for (TestMember member : cluster.members) {
                member.durability = Durability.INTERVAL;
                member.disk = new FaultyStorage(member.directory());
            }
            cluster.start();
            TestMember leader = cluster.leader();
            offer(leader, "a", 1);
            long term = leader.group().term();
            leader.disk.failNext(FaultyStorage.Fault.FORCE);
            leader.offer("not forced");

            eventually().until(() -> leader.failure != null);
            List<Long> evidence = leader.evidence();
            assertThat(leader.failure).hasRootCauseMessage("Input/output error");
            assertThat(leader.group().role()).isEqualTo(Role.STOPPED);
            TestMember next = cluster.leader();
            assertThat(next.group().term()).isGreaterThan(term);
            assertThat(leader.evidence()).as("no more of the lease is earned").isEqualTo(evidence);
            assertThat(next.group().previousLeaseBoundNanos()).as("and the next one knows when it ends")
                    .isGreaterThanOrEqualTo(evidence.get(evidence.size() - 1));
            offer(next, "b", 1);
        }
    }

    @Test
    void aFollowerWhoseJournalFailsStopsAndTheGroupGoesOn() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            TestMember broken = cluster.followers().get(0);
            TestMember healthy = cluster.followers().get(1);
            offer(leader, "a", 1);
            eventually().until(() -> broken.bodies().size() == 1);
            long held = broken.journal().lastIndex();
            broken.journal().failed(new IOException("read-only file system"));
            offer(leader, "b", 5);
            eventually().until(() -> broken.failure != null && healthy.bodies().size() == 6);
            GroupStatus.PeerStatus seen = leader.group().status().peers().stream()
                    .filter(p -> p.name().equals(broken.name)).findFirst().orElseThrow();
            assertThat(seen.matchIndex()).isLessThanOrEqualTo(held);
            assertThat(broken.journal().lastIndex()).isEqualTo(held);
        }
    }

    @Test
    void anExceptionOutOfTheListenerStopsTheGroup() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            leader.throwOn = "bad";
            offer(leader, "bad", 1);
            eventually().until(() -> leader.failure != null);
            assertThat(leader.group().role()).isEqualTo(Role.STOPPED);
        }
    }

    @Test
    void twoGroupsOfOneProcessDoNotMeet() {
        try (TestCluster one = TestCluster.of(3, directory.resolve("1")).start();
             TestCluster two = TestCluster.of(3, directory.resolve("2")).start()) {
            offer(one.leader(), "one", 5);
            offer(two.leader(), "two", 5);
            for (TestMember member : one.members) {
                eventually().until(() -> member.bodies().size() == 5);
                assertThat(member.bodies()).allMatch(b -> b.startsWith("one"));
            }
            for (TestMember member : two.members) {
                eventually().until(() -> member.bodies().size() == 5);
                assertThat(member.bodies()).allMatch(b -> b.startsWith("two"));
            }
        }
    }

    @Test
    void aTakenPortIsAClearMessage() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            List<Member> members = List.of(new Member("n1", taken.getInetAddress(), taken.getLocalPort()));
            try (TestMember member = new TestMember(GroupConfig.of("g", "n1", members), directory)) {
                assertThatThrownBy(member::start).isInstanceOf(GroupException.class)
                        .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
            }
        }
    }

    @Test
    void leavingIsQuickAndTheOthersElectAtOnce() {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            offer(leader, "a", 1);
            long before = System.nanoTime();
            leader.stop();
            assertThat(Duration.ofNanos(System.nanoTime() - before)).as("a runner that does not end is waited for for 10 s").isLessThan(Duration.ofSeconds(8));
            offer(cluster.leader(), "b", 1);
        }
    }

    static List<String> offer(TestMember leader, String prefix, int count) {
        List<String> offered = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String body = prefix + i;
            eventually().until(() -> leader.offer(body));
            offered.add(body);
        }
        return offered;
    }

    static List<Long> indexes(TestMember member) {
        return member.committed().stream().map(TestMember.Committed::index).toList();
    }

    static List<Long> firstIndexes(int count) {
        List<Long> indexes = new ArrayList<>();
        for (long i = 1; i <= count; i++) {
            indexes.add(i);
        }
        return indexes;
    }
}
