package io.holdfast.test;

import io.holdfast.cli.testbed.Fault;
import io.holdfast.cli.testbed.Machine;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Every way in which a primary can fail, one after the other, with the same connections alive through all of them. */
class TakeoverTest {
    private static final int PIPELINE_DEPTH = 16;

    @Test
    void theSameConnectionsOutliveEveryKindOfFault_I1_I2_I4_I5() throws Exception {
        RunningCluster.run("every-fault", spec -> spec.withCheckpoint("criu", 5_000), cluster -> {
            cluster.client().open(3, 1);
            cluster.client().open(1, PIPELINE_DEPTH);
            cluster.letCount(300);
            cluster.checkpoint();
            cluster.client().open(3, 1);
            cluster.letCount(300);
            for (Fault fault : Fault.values()) {
                failAndHeal(cluster, fault);
            }
            cluster.expectNothingLost();
        });
    }

    private static void failAndHeal(RunningCluster cluster, Fault fault) {
        Machine victim = cluster.primary();
        long term = cluster.term();
        cluster.testbed().formerSender(victim);
        if (fault == Fault.SWITCHOVER) {
            cluster.watch().switchover(victim.name(), null);
        } else {
            victim.inflict(fault);
        }
        Machine next = cluster.awaitTakeover(victim, term);
        cluster.awaitAllAnswered();
        cluster.letCount(300);
        assertThat(cluster.testbed().lateFrames()).as("I2: frames of %s with the VIP after %s took over (%s)",
                victim.name(), next.name(), fault).isZero();
        switch (fault) {
            case CRASH -> victim.reboot();
            case LINK -> victim.linkUp();
            case FREEZE -> victim.thaw();
            case DAEMON, WORKLOAD, SWITCHOVER -> { }
        }
        if (!victim.running()) {
            cluster.testbed().startNode(victim.number());
        }
        if (!victim.name().equals(cluster.primary().name())) {
            cluster.awaitCaughtUp(victim);
        }
        assertThat(cluster.testbed().lateFrames()).as("I2: frames of %s with the VIP after it was healed (%s)",
                victim.name(), fault).isZero();
    }

    @Test
    void withoutCheckpointsAFreshWorkloadIsGivenTheWholeJournal() throws Exception {
        RunningCluster.run("no-checkpoints", spec -> spec.withCheckpoint("none", 5_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(500);
            Machine victim = cluster.primary();
            long term = cluster.term();
            victim.crash();
            Machine next = cluster.awaitTakeover(victim, term);
            cluster.awaitAllAnswered();
            assertThat(cluster.status(next).checkpoint()).as("a checkpoint").isNull();
            cluster.expectNothingLost();
        });
    }

    @Test
    void underThePolicyRestartConnectionsAreResetOnPurposeAndTheReasonIsJournaled() throws Exception {
        RunningCluster.run("restart", spec -> spec.withCheckpoint("criu", 60_000).withRecovery("restart"), cluster -> {
            cluster.client().open(3, 1);
            cluster.letCount(200);
            cluster.checkpoint();
            cluster.letCount(100);
            Machine victim = cluster.primary();
            long term = cluster.term();
            victim.crash();
            cluster.awaitTakeover(victim, term);
            cluster.await("every connection is reset", RunningCluster.TAKEOVER_BOUND,
                    () -> cluster.client().report().broken() == 3);
            cluster.client().open(2, 1);
            cluster.letCount(200);
            assertThat(cluster.client().report().wrong()).as("wrong answers").isZero();
            assertThat(cluster.client().report().broken()).as("connections broken").isEqualTo(3);
        });
    }
}
