package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.TinyFileSystem;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three members with a file system each, real transport: that of the leader becomes read-only. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ReadOnlyLeaderTest {
    private static final String LONG = " " + "x".repeat(4000);
    private static final int AT_ONCE = 20;

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(Durability.class)
    void itLeavesAnotherLeadsAndNothingAcknowledgedIsLost_I7(Durability durability) throws IOException {
        try (DiskCluster cluster = DiskCluster.start(directory, durability, TinyFileSystem::sound)) {
            TestMember old = cluster.leaderOfSome();
            cluster.disk(old).becomeReadOnly();
            // Without a force it is told when it needs blocks: so there must be something to store.
            eventually().until(() -> {
                for (int i = 0; i < AT_ONCE; i++) {
                    cluster.members().forEach(member -> member.offer("meanwhile" + LONG));
                }
                return old.failure != null;
            });
            assertThat(old.group().status().role()).isEqualTo(Role.STOPPED);
            assertThat(old.journal().isFailed()).isTrue();
            assertThat(old.offer("later")).as("it takes nothing more").isFalse();

            TestMember next = cluster.leader();
            assertThat(next).isNotSameAs(old);
            List<String> acknowledged = old.bodies();
            cluster.offer("after");
            for (TestMember member : cluster.members()) {
                if (member != old) {
                    eventually().until(() -> member.bodies().contains("after"));
                    assertThat(member.bodies().subList(0, acknowledged.size())).as("what was acknowledged").isEqualTo(acknowledged);
                    assertThat(member.failure).isNull();
                }
            }
            assertThat(old.bodies()).as("it tells of nothing more").isEqualTo(acknowledged);
            if (durability == Durability.DISK) {
                requireOnTheDevice(cluster.disk(old), old);
            }
        }
    }

    /** Its own copy counted for what it acknowledged. */
    private static void requireOnTheDevice(TinyFileSystem disk, TestMember old) throws IOException {
        JournalEntry entry = new JournalEntry();
        try (TinyFileSystem after = disk.afterAPowerCut();
             Journal journal = Journal.open(after.dir(), JournalOptions.DEFAULT.withDurability(Durability.DISK))) {
            for (TestMember.Committed committed : old.committed()) {
                assertThat(journal.read(committed.index(), entry)).as("entry %d", committed.index()).isTrue();
                assertThat(entry.term()).isEqualTo(committed.term());
                if (committed.kind() == EntryKind.EVENT) {
                    assertThat(new String(entry.buffer(), entry.bodyOffset(), entry.bodyLength())).isEqualTo(committed.body());
                }
            }
        }
    }
}
