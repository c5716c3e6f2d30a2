package io.holdfast.test;

import io.holdfast.cli.testbed.Machine;
import java.time.Duration;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What clients notice when standbys go, one and then the other, and when all nodes come back after a blackout. */
class QuorumTest {
    private static final Duration UNNOTICED = Duration.ofMillis(500);

    @Test
    void oneStandbyIsNotMissedAndWithoutAQuorumClientsWait_I1() throws Exception {
        RunningCluster.run("quorum", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.checkpoint();
            cluster.letCount(300);

            Machine first = cluster.standby(0);
            String primary = cluster.primary().name();
            first.crash();
            cluster.letCount(500);
            assertThat(cluster.longestWait()).as("longest wait with one standby gone").isLessThan(UNNOTICED);
            assertThat(cluster.primary().name()).as("primary with one standby gone").isEqualTo(primary);

            Machine second = cluster.standby(0).name().equals(first.name()) ? cluster.standby(1) : cluster.standby(0);
            second.crash();
            cluster.await("no primary is live", Duration.ofSeconds(10), () -> cluster.watch().primary() == null);
            long answered = cluster.client().report().answers();
            long from = System.nanoTime();
            cluster.await("two seconds go by", Duration.ofSeconds(5),
                    () -> System.nanoTime() - from > Duration.ofSeconds(2).toNanos());
            assertThat(cluster.client().report().answers()).as("I1: answers without a quorum").isEqualTo(answered);

            second.reboot();
            cluster.testbed().startNode(second.number());
            cluster.await("a primary is live again", RunningCluster.REJOIN_BOUND, () -> cluster.watch().primary() != null);
            cluster.awaitAllAnswered();
            cluster.expectNothingLost();
        });
    }

    @Test
    void connectionsOutliveTheDeathOfEveryNodeProcessAtOnce_I3() throws Exception {
        RunningCluster.run("blackout", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.checkpoint();
            cluster.letCount(300);
            cluster.testbed().machines().forEach(Machine::killDaemon);
            long answered = cluster.client().report().answers();
            long from = System.nanoTime();
            cluster.await("a second goes by", Duration.ofSeconds(5),
                    () -> System.nanoTime() - from > Duration.ofSeconds(1).toNanos());
            assertThat(cluster.client().report().answers()).as("I3: answers with nobody at the gate")
                    .isLessThanOrEqualTo(answered + cluster.client().report().connections());
            cluster.testbed().machines().forEach(machine -> cluster.testbed().startNode(machine.number()));
            cluster.await("a primary is live again", RunningCluster.REJOIN_BOUND, () -> cluster.watch().primary() != null);
            cluster.awaitAllAnswered();
            cluster.expectNothingLost();
        });
    }
}
