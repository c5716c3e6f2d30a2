package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members that come and go while the group works: real transport, real journals. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MembershipTest {
    private static final long UNNOTICED_MS = 500;
    /** Another one is elected meanwhile: 0.1 s where nothing else is to be done. */
    private static final long ELECTED_MS = 2_000;

    @TempDir
    Path directory;

    @Test
    void growsToFiveAndShrinksToThreeUnderLoad() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start(); LoadOn load = new LoadOn(cluster)) {
            cluster.leader();
            long before = load.committed();
            eventually().until(() -> load.committed() > before + 500);
            load.takeLongestGapMs(); // until there was a leader
            TestMember fourth = cluster.join("n4");
            TestMember fifth = cluster.join("n5");
            for (TestMember joining : List.of(fourth, fifth)) {
                assertThat(joining.group().role()).isEqualTo(Role.LEARNER);
                cluster.leader().group().addMember(joining.member()).get(30, TimeUnit.SECONDS);
                eventually().until(() -> joining.group().role() == Role.FOLLOWER);
            }
            assertThat(names(cluster.leader())).containsExactly("n1", "n2", "n3", "n4", "n5");
            eventually().until(() -> cluster.leader().group().status().peers().size() == 4);

            TestMember old = cluster.leader();
            List<TestMember> others = cluster.followers().stream().filter(m -> m != fifth).limit(1).toList();
            TestMember second = others.get(0);
            old.group().removeMember(second.name).get(30, TimeUnit.SECONDS);
            eventually().until(() -> second.group().role() == Role.REMOVED);
            assertThat(load.takeLongestGapMs()).as("ms without a commit while others came and went").isLessThan(UNNOTICED_MS);
            old.group().removeMember(old.name).get(30, TimeUnit.SECONDS);
            eventually().until(() -> old.group().role() == Role.REMOVED);

            TestMember leader = cluster.leader();
            assertThat(leader).isNotIn(old, second);
            assertThat(names(leader)).hasSize(3).doesNotContain(old.name, second.name);
            long then = load.committed();
            eventually().until(() -> load.committed() > then + 500);
            assertThat(load.takeLongestGapMs()).as("ms without a commit while the leader went").isLessThan(ELECTED_MS);
            load.stop();
            List<String> promised = load.promised();
            for (TestMember member : cluster.members) {
                assertThat(member.failure).isNull();
                if (member != old && member != second) {
                    eventually().until(() -> new HashSet<>(member.bodies()).containsAll(promised));
                    assertThat(names(member)).isEqualTo(names(leader));
                    assertThat(member.toldMembers).isEqualTo(leader.toldMembers);
                }
            }
        }
    }

    @Test
    void threeOfFiveAreAMajorityAndTwoAreNot() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            for (String name : List.of("n4", "n5")) {
                cluster.leader().group().addMember(cluster.join(name).member()).get(30, TimeUnit.SECONDS);
            }
            TestMember leader = cluster.leader();
            List<TestMember> followers = cluster.followers();
            followers.get(0).stop();
            followers.get(1).stop();
            RaftGroupTest.offer(leader, "three", 10);
            eventually().until(() -> leader.bodies().size() == 10);
            followers.get(2).stop();
            eventually().until(() -> leader.group().role() != Role.LEADER);
        }
    }

    @Test
    void aRestartedMemberKnowsTheConfigurationFromItsJournal() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember fourth = cluster.join("n4");
            cluster.leader().group().addMember(fourth.member()).get(30, TimeUnit.SECONDS);
            eventually().until(() -> fourth.group().role() == Role.FOLLOWER);
            cluster.members.forEach(TestMember::stop);
            cluster.members.forEach(TestMember::start);
            cluster.members.forEach(m -> assertThat(names(m)).containsExactly("n1", "n2", "n3", "n4"));
            TestMember leader = cluster.leader();
            List<TestMember> followers = cluster.followers();
            followers.get(0).stop();
            RaftGroupTest.offer(leader, "a", 5);
            eventually().until(() -> leader.bodies().size() == 5);
            followers.get(1).stop();
            eventually().until(() -> leader.group().role() != Role.LEADER);
        }
    }

    @Test
    void oneThatWasAwayWhenItWasRemovedLearnsItAndDisturbsNobody() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            RaftGroupTest.offer(leader, "a", 5);
            TestMember away = cluster.followers().get(0);
            eventually().until(() -> away.bodies().size() == 5);
            away.stop();
            leader.group().removeMember(away.name).get(30, TimeUnit.SECONDS);
            eventually().until(() -> leader.group().status().peers().size() == 1);
            long term = leader.group().term();
            away.start();
            eventually().until(() -> away.group().role() == Role.REMOVED);
            RaftGroupTest.offer(leader, "b", 5);
            eventually().until(() -> leader.bodies().size() == 10);
            assertThat(leader.group().term()).isEqualTo(term);
            leader.group().addMember(away.member()).get(30, TimeUnit.SECONDS);
            eventually().until(() -> away.group().role() == Role.FOLLOWER && away.bodies().size() == 10);
        }
    }

    @Test
    void oneThatNeverComesIsGivenUpWithTheReason() throws Exception {
        try (TestCluster cluster = TestCluster.of(2, directory).start()) {
            TestMember leader = cluster.leader();
            Member nobody = TestCluster.places(3).get(2);
            assertThatThrownBy(() -> leader.group().addMember(nobody).get(30, TimeUnit.SECONDS))
                    .hasMessageContaining("n3 holds 0 of");
            assertThat(names(leader)).containsExactly("n1", "n2");
            assertThat(leader.group().status().peers()).hasSizeLessThanOrEqualTo(2);
            RaftGroupTest.offer(leader, "a", 5);
            eventually().until(() -> leader.bodies().size() == 5);
        }
    }

    @Test
    void aMemberOfAnotherGroupOfTheSameNameIsRefusedOnBothSides() throws Exception {
        try (TestCluster one = TestCluster.of(3, directory.resolve("1")).start();
             TestCluster two = TestCluster.of(3, directory.resolve("2")).start()) {
            RaftGroupTest.offer(one.leader(), "one", 5);
            RaftGroupTest.offer(two.leader(), "two", 5);
            TestMember leader = one.leader();
            TestMember replaced = one.followers().get(0);
            replaced.stop();
            TestMember stranger = two.member(replaced.name);
            eventually().until(() -> stranger.bodies().size() == 5);
            two.close();
            try (TestMember foreign = new TestMember(GroupConfig.of("test", replaced.name, one.places)
                    .withTraffic(TestTraffic.CLOSED), stranger.directory())) {
                foreign.start();
                eventually().until(() -> foreign.group().status().refused() != null);
                eventually().until(() -> leader.group().status().refused() != null);
                assertThat(leader.group().status().refused()).contains(replaced.name);
                assertThat(foreign.bodies()).allMatch(b -> b.startsWith("two"));
                RaftGroupTest.offer(leader, "more", 5);
                eventually().until(() -> leader.bodies().size() == 10);
                assertThat(foreign.journal().lastIndex()).isLessThanOrEqualTo(7);
            }
        }
    }

    static List<String> names(TestMember member) {
        return member.group().members().stream().map(Member::name).toList();
    }
}
