package io.holdfast.consensus;

import static io.holdfast.consensus.TestCluster.eventually;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.holdfast.journal.Durability;
import io.holdfast.journal.TinyFileSystem;

/** Used by the test's thread: three members with a file system each and real transport. */
final class DiskCluster implements AutoCloseable {
    /** Makes a file system of a kind. */
    interface DiskKind {
        TinyFileSystem make(Path directory, int bytes) throws IOException;
    }

    private static final int DISK_BYTES = 64 << 20;
    private static final int BEFORE = 100;

    private final TestCluster cluster;
    private final Map<String, TinyFileSystem> disks = new TreeMap<>();

    private DiskCluster(TestCluster cluster) {
        this.cluster = cluster;
    }

    static DiskCluster start(Path directory, Durability durability, DiskKind kind) throws IOException {
        DiskCluster made = new DiskCluster(TestCluster.of(3, directory));
        try {
            for (TestMember member : made.members()) {
                made.disks.put(member.name, kind.make(member.directory(), DISK_BYTES));
                member.durability = durability;
            }
            made.cluster.start();
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    /** The leader, when it has told of what was offered first. */
    TestMember leaderOfSome() {
        for (int i = 0; i < BEFORE; i++) {
            offer("before" + i);
        }
        TestMember leader = leader();
        eventually().until(() -> leader.bodies().contains("before" + (BEFORE - 1)));
        return leader;
    }

    /** To whoever leads: a busy machine may make that another one. */
    void offer(String body) {
        eventually().until(() -> members().stream().anyMatch(member -> member.offer(body)));
    }

    TestMember leader() {
        return cluster.leader();
    }

    List<TestMember> members() {
        return cluster.members;
    }

    TinyFileSystem disk(TestMember member) {
        return disks.get(member.name);
    }

    @Override
    public void close() {
        try {
            cluster.close();
        } finally {
            disks.values().forEach(TinyFileSystem::close);
        }
    }
}
