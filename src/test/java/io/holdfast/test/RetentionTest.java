package io.holdfast.test;

import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Journals that are smaller than what goes through them. */
class RetentionTest {
    private static final long MIB = 1 << 20;
    private static final long MAX_BYTES = 16 * MIB;
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
                cluster.await("entries that it needs are dropped", BOUND, () -> {
                    for (ServiceStatus status : cluster.watch().nodes().values()) {
                        assertThat(status.journal().bytes()).as("bytes of a journal").isLessThan(MAX_BYTES + 2 * MIB);
                    }
                    return cluster.watch().primary() != null
                            && cluster.status(cluster.primary()).journal().floorIndex() > last + 1_000;
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
            cluster.awaitAllAnswered();
            cluster.letCount(200);
            cluster.expectNothingLost();
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

    /** One key again and again: the image stays small. */
    private static Process load(RunningCluster cluster) throws IOException {
        return new ProcessBuilder(cluster.testbed().inClient(List.of("redis-benchmark", "-h", Layout.VIP, "-t", "set", "-d", "1000",
                "-n", "100000000", "-c", "4", "-q"))).redirectErrorStream(true)
                .redirectOutput(cluster.testbed().layout().logs().resolve("load.log").toFile()).start();
    }
}
