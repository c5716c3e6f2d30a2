package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.Durability;
import io.holdfast.journal.TinyFileSystem;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three members with a device each, real transport: that of the leader takes nothing and says nothing for a while. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HangingDiskTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(names = {"DISK", "INTERVAL"})
    void anotherLeadsUntilItIsBackAndFollows(Durability durability) throws IOException {
        try (DiskCluster cluster = DiskCluster.start(directory, durability, TinyFileSystem::hanging)) {
            TestMember old = cluster.leaderOfSome();
            TinyFileSystem disk = cluster.disk(old);
            disk.hang();
            try {
                requireThatOthersGoOn(cluster, old);
            } finally {
                disk.goOn(); // or nothing of this process would ever end
            }
            TestMember next = cluster.leader();
            eventually().until(() -> old.bodies().contains("after"));
            assertThat(old.failure).as("it was late, it has not failed").isNull();
            assertThat(old.bodies()).isEqualTo(next.bodies());
        }
    }

    private static void requireThatOthersGoOn(DiskCluster cluster, TestMember old) {
        List<TestMember> others = cluster.members().stream().filter(member -> member != old).toList();
        int[] offered = {0};
        eventually().until(() -> {
            cluster.members().forEach(member -> member.offer("meanwhile" + offered[0]++));
            return others.stream().anyMatch(TestMember::leads);
        });
        List<String> acknowledged = old.bodies();
        TestMember next = others.stream().filter(TestMember::leads).findFirst().orElseThrow();
        eventually().until(() -> next.offer("after"));
        others.forEach(member -> eventually().until(() -> member.bodies().contains("after")));
        assertThat(next.bodies().subList(0, acknowledged.size())).as("what was acknowledged").isEqualTo(acknowledged);
    }
}
