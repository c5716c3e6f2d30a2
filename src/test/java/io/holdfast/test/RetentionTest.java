package io.holdfast.test;

import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.node.config.RetainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Journals that are smaller than what goes through them. */
class RetentionTest {
    private static final long MIB = 1 << 20;
    private static final long MAX_BYTES = 16 * MIB;
    private static final long FILE_BYTES = MAX_BYTES / 8;
    private static final int MAX_AGE_MS = 3_000;
    private static final Duration BOUND = Duration.ofSeconds(90);

    @Test
    void aJournalStaysWithinItsBoundAndANodeBehindItCatchesUpByASnapshot() throws Exception {
        RunningCluster.run("retention", spec -> spec.withCheckpoint("criu", 2_000).withJournal("{retain: {maxBytes: " + MAX_BYTES
                + ", mode: archive, archiveDir: ARCHIVE}}".replace("ARCHIVE", archive(spec))), cluster -> {
            cluster.client().open(4, 1);
            cluster.checkpoint();
            cluster.letCount(200);
            Machine behind = cluster.standby(0);
            long last = cluster.status(behind).lastIndex();
            behind.crash();
            Process load = load(cluster);
            try {
                cluster.await("entries that it needs are dropped, and the journal has turned over", BOUND, () -> {
                    expectBounded(cluster);
                    return cluster.watch().primary() != null
                            && cluster.status(cluster.primary()).journal().floorIndex() > last + 1_000
                            && archived(cluster, cluster.primary()) * FILE_BYTES > MAX_BYTES;
                });
                behind.reboot();
                cluster.testbed().startNode(behind.number());
                cluster.awaitCaughtUp(behind);
            } finally {
                load.destroyForcibly().waitFor();
            }
            assertThat(Files.readString(behind.log())).as("log of the node that was behind").contains("starts from the snapshot");
            assertThat(archived(cluster, cluster.primary())).as("files in the primary's archive").isPositive();

            long term = cluster.term();
            cluster.watch().switchover(cluster.primary().name(), behind.name());
            cluster.await(behind.name() + " takes over", RunningCluster.TAKEOVER_BOUND,
                    () -> behind.name().equals(cluster.watch().primary()) && cluster.status(behind).takeoverTerm() > term);
            cluster.awaitAllAnswered();
            long second = cluster.term();
            behind.killDaemon();
            cluster.testbed().startNode(behind.number());
            cluster.awaitTakeover(behind, second);
            cluster.awaitCaughtUp(behind);
            cluster.expectNothingLost();
        });
    }

    @Test
    void aFullJournalIsANamedStateInWhichClientsWait_I9() throws Exception {
        RunningCluster.run("journal-full", spec -> spec.withCheckpoint("criu", 2_000).withJournal("{retain: {maxBytes: " + 8 * MIB
                + "}}"), cluster -> {
            cluster.client().open(4, 1);
            cluster.checkpoint();
            Machine primary = cluster.primary();
            Path checkpoints = cluster.testbed().layout().dataDirectory().resolve(ClusterSpec.SERVICE).resolve("checkpoints");
            List<Machine> standbys = List.of(cluster.standby(0), cluster.standby(1));
            for (Machine standby : standbys) {
                assertThat(standby.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", checkpoints.toString()).exitCode()).isZero();
            }
            Process load = load(cluster);
            try {
                cluster.awaitStatus(primary, "says that its journal is full", BOUND, s -> "JOURNAL_FULL".equals(s.state()));
                cluster.await("clients wait", BOUND, () -> cluster.client().report().longestWaitNanos() > 1_000_000_000L);
                assertThat(cluster.status(primary).message()).contains("journal").contains("full");
                assertThat(cluster.status(primary).journal().bytes()).as("bytes of the journal").isLessThan(10 * MIB);
            } finally {
                load.destroyForcibly().waitFor();
            }
            for (Machine standby : standbys) {
                assertThat(standby.run("umount", checkpoints.toString()).exitCode()).isZero();
            }
            cluster.awaitStatus(primary, "serves again", BOUND, ServiceStatus::livePrimary);
            // Half of the bound is kept, in whole files, and there is one that is being filled, with room ahead.
            cluster.await("what was dropped is gone from every disk", BOUND, () -> cluster.testbed().machines().stream()
                    .allMatch(machine -> bytesOnDisk(cluster, machine) < 7 * MIB));
            cluster.awaitAllAnswered();
            cluster.letCount(200);
            cluster.expectNothingLost();
        });
    }

    /** The size is out of reach: what goes, goes by its age. */
    @Test
    void entriesOlderThanAllowedGoAndYoungerOnesStay() throws Exception {
        RunningCluster.run("max-age", spec -> spec.withCheckpoint("criu", 1_000).withJournal("{retain: {maxAgeMs: " + MAX_AGE_MS
                + "}}"), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            long last = cluster.status(cluster.primary()).lastIndex();
            long from = System.nanoTime();
            cluster.checkpoint();
            cluster.await("every node has dropped what was there", BOUND, () -> {
                Collection<ServiceStatus> nodes = cluster.watch().nodes().values();
                boolean young = System.nanoTime() - from < Duration.ofMillis(MAX_AGE_MS - 1_000).toNanos();
                for (ServiceStatus status : nodes) {
                    assertThat(status.journal().bytes()).as("bytes of a journal, of which %s may be held", RetainConfig.DEFAULT_MAX_BYTES)
                            .isLessThan(RetainConfig.DEFAULT_MAX_BYTES / 8);
                    if (young) {
                        assertThat(status.journal().floorIndex()).as("last entry dropped").isLessThan(last);
                    }
                }
                return nodes.size() == 3 && nodes.stream().allMatch(status -> status.journal().floorIndex() >= last);
            });
            cluster.expectNothingLost();
        });
    }

    /** Says nothing of a node that does not answer. */
    private static void expectBounded(RunningCluster cluster) {
        cluster.watch().nodes().forEach((name, status) -> {
            assertThat(status.message()).as("what %s has to complain of", name).isNull();
            assertThat(status.journal().bytes()).as("bytes of the journal of %s", name).isLessThan(MAX_BYTES + 2 * MIB);
            if (status.journal().floorIndex() > 0) {
                assertThat(status.journal().bytes()).as("bytes of the journal of %s, which gives up no more than it must", name)
                        .isGreaterThan(MAX_BYTES / 2 - 2 * FILE_BYTES);
            }
            // One file on its way into the archive, one with room ahead of its last entry.
            assertThat(bytesOnDisk(cluster, cluster.testbed().machine(name))).as("bytes on the disk of %s", name)
                    .isLessThan(MAX_BYTES + 2 * MIB + 2 * FILE_BYTES);
        });
    }

    private static String archive(ClusterSpec spec) {
        String directory = spec.workload().get(spec.workload().indexOf("--dir") + 1);
        return Path.of(directory).resolveSibling("archive").toString();
    }

    private static long archived(RunningCluster cluster, Machine machine) throws IOException {
        try (Stream<Path> files = Files.list(cluster.testbed().layout().disk(machine.number()).resolve("archive")
                .resolve(ClusterSpec.SERVICE))) {
            return files.filter(f -> f.toString().endsWith(".cq4")).count();
        }
    }

    /** What the journal takes on this machine's disk, dropped files that are still there included; a mapped file has holes. */
    private static long bytesOnDisk(RunningCluster cluster, Machine machine) {
        // A file may go while it is looked at: then du complains and counts the others.
        String told = SystemCommand.attempt("du", "-s", "-B1", cluster.testbed().layout().disk(machine.number()).resolve("holdfast")
                .resolve(ClusterSpec.SERVICE).resolve("journal").toString()).output();
        return told.lines().filter(line -> line.matches("[0-9]+\t.*")).mapToLong(line -> Long.parseLong(line.split("\t")[0])).sum();
    }

    /** One key again and again: the image stays small. */
    private static Process load(RunningCluster cluster) throws IOException {
        return new ProcessBuilder(cluster.testbed().inClient(List.of("redis-benchmark", "-h", Layout.VIP, "-t", "set", "-d", "1000",
                "-n", "100000000", "-c", "4", "-q"))).redirectErrorStream(true)
                .redirectOutput(cluster.testbed().layout().logs().resolve("load.log").toFile()).start();
    }
}
