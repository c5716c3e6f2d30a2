package io.holdfast.test;

import io.holdfast.cli.testbed.Machine;
import io.holdfast.journal.TinyFileSystem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** Disks that lie, fill up or hang. */
class DamageTest {
    private static final String SERVICE = "redis";

    @TempDir
    Path directory;

    @Test
    void aDamagedCheckpointIsNotUsedAndTheOneBeforeIs_I8() throws Exception {
        RunningCluster.run("damaged-checkpoint", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            long older = cluster.checkpoint();
            cluster.letCount(200);
            long newest = cluster.checkpoint();
            cluster.letCount(200);
            Machine victim = cluster.primary();
            for (Machine machine : List.of(cluster.standby(0), cluster.standby(1))) {
                flipAByte(cluster, machine, newest);
            }
            long term = cluster.term();
            victim.crash();
            Machine next = cluster.awaitTakeover(victim, term);
            cluster.awaitAllAnswered();
            assertThat(Files.readString(next.log())).as("log of the new primary")
                    .contains("checkpoint " + newest + " cannot be used").contains("from checkpoint " + older);
            cluster.expectNothingLost();
        });
    }

    private static void flipAByte(RunningCluster cluster, Machine machine, long markIndex) throws IOException {
        Path image = cluster.testbed().layout().disk(machine.number()).resolve("holdfast").resolve(SERVICE)
                .resolve("checkpoints").resolve(Long.toString(markIndex)).resolve("image");
        Path pages;
        try (Stream<Path> files = Files.list(image)) {
            pages = files.filter(f -> f.getFileName().toString().startsWith("pages-")).findFirst().orElseThrow();
        }
        try (FileChannel channel = FileChannel.open(pages, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            long at = channel.size() / 2;
            channel.read(one, at);
            one.flip();
            one.put(0, (byte) (one.get(0) ^ 0x10));
            channel.write(one, at);
        }
    }

    @Test
    void aNodeWhoseDiskIsFullLeavesTheGroupAndSaysWhy_I7_I9() throws Exception {
        RunningCluster.run("full-disk", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            Machine standby = cluster.standby(0);
            String data = onASmallDisk(cluster, standby, "24m");
            // dd ends with an error when nothing is left: that is what it is here for.
            standby.run("dd", "if=/dev/zero", "of=" + data + "/filler", "bs=64k");
            cluster.await("the node stops itself", Duration.ofSeconds(90), () -> !standby.running()
                    || "FAILED".equals(cluster.status(standby) == null ? "" : cluster.status(standby).state()));
            assertThat(Files.readString(standby.log())).as("log of the node with the full disk")
                    .contains("FAILED").containsIgnoringCase("disk");
            cluster.letCount(500);
            cluster.expectNothingLost();
        });
    }

    /** The only copy that clients reach must not depend on a disk that takes no more: another node has room. */
    @Test
    void aPrimaryWhoseDiskIsFullFailsAndAnotherTakesOver_I2_I5_I7_I9() throws Exception {
        RunningCluster.run("full-disk-primary", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            Machine chosen = cluster.standby(0);
            String data = onASmallDisk(cluster, chosen, "64m");
            makePrimary(cluster, chosen);

            long term = cluster.term();
            cluster.testbed().formerSender(chosen);
            // dd ends with an error when nothing is left: that is what it is here for.
            chosen.run("dd", "if=/dev/zero", "of=" + data + "/filler", "bs=64k");
            Machine next = cluster.awaitTakeover(chosen, term);
            assertThat(next).as("who has room").isNotEqualTo(chosen);
            cluster.awaitAllAnswered();
            cluster.letCount(300);
            assertThat(Files.readString(chosen.log())).as("log of the primary with the full disk")
                    .contains("FAILED").containsIgnoringCase("disk");
            assertThat(cluster.testbed().lateFrames()).as("I2: frames with the VIP after another node took over").isZero();
            assertThat(chosen.workloadPids()).as("processes of the workload on the failed node").isEmpty();
            cluster.expectNothingLost();
        });
    }

    /** It reports nothing, so the node has to notice by itself; nothing is lost, and the node is none the worse for it. */
    @Test
    void aPrimaryWhoseDiskHangsGivesWayAndFollowsWhenItAnswersAgain_I2_I5() throws Exception {
        try (TinyFileSystem disk = TinyFileSystem.hanging(directory.resolve("disk"), 192 << 20)) {
            RunningCluster.run("hanging-disk", spec -> spec.withCheckpoint("criu", 60_000).withJournal("{durability: disk}"), cluster -> {
                cluster.client().open(4, 1);
                cluster.letCount(200);
                Machine chosen = cluster.standby(0);
                onAnotherDisk(cluster, chosen, disk.device());
                makePrimary(cluster, chosen);

                long term = cluster.term();
                cluster.testbed().formerSender(chosen);
                disk.hang();
                try {
                    assertThat(cluster.awaitTakeover(chosen, term)).as("whose disk answers").isNotEqualTo(chosen);
                    cluster.awaitAllAnswered();
                    cluster.letCount(300);
                    assertThat(cluster.status(chosen).message()).contains("the disk of the journal has not ended a force");
                    assertThat(cluster.testbed().lateFrames()).as("I2: frames with the VIP after another node took over").isZero();
                } finally {
                    disk.goOn(); // or nothing that has a file open there would ever end
                }
                cluster.awaitCaughtUp(chosen);
                assertThat(Files.readString(chosen.log())).as("log of the node whose disk hung").doesNotContain("FAILED");
                cluster.letCount(200);
                cluster.expectNothingLost();
            });
        }
    }

    private static void makePrimary(RunningCluster cluster, Machine chosen) {
        Machine first = cluster.primary();
        cluster.watch().switchover(first.name(), chosen.name());
        assertThat(cluster.awaitTakeover(first, cluster.status(first).takeoverTerm())).isEqualTo(chosen);
        cluster.awaitCaughtUp(first);
        cluster.checkpoint();
        cluster.letCount(200);
    }

    /** The node's data are on a file system of this size from here on; returns where. */
    private static String onASmallDisk(RunningCluster cluster, Machine standby, String size) {
        return onAnotherDisk(cluster, standby, "-t", "tmpfs", "-o", "size=" + size, "tmpfs");
    }

    private static String onAnotherDisk(RunningCluster cluster, Machine standby, String... mounted) {
        assertThat(standby.terminate(20_000)).isEqualTo(143);
        String data = cluster.testbed().layout().dataDirectory().toString();
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(mounted));
        command.add(data);
        assertThat(standby.run(command.toArray(String[]::new)).exitCode()).isZero();
        cluster.testbed().startNode(standby.number());
        cluster.awaitCaughtUp(standby);
        return data;
    }
}
