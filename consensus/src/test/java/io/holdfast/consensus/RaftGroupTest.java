package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
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
            long committed = index.get(5, TimeUnit.SECONDS);
            assertThat(leader.committed().get((int) committed - 1).kind()).isEqualTo(EntryKind.MARK);
            TestMember follower = cluster.followers().get(0);
            assertThat(follower.offer("x")).isFalse();
            assertThatThrownBy(() -> follower.group().propose(new byte[16]).get(1, TimeUnit.SECONDS))
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
    void aGroupOfOneLeadsItself() {
        try (TestCluster cluster = TestCluster.of(1, directory).start()) {
            TestMember leader = cluster.leader();
            List<String> offered = offer(leader, "a", 10);
            eventually().untilAsserted(() -> assertThat(leader.bodies()).isEqualTo(offered));
            eventually().until(() -> leader.evidence().size() > 3);
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
