package io.holdfast.test;

import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** A primary that is told to hand over: to a node of the operator's choice, or not at all and with the reason. */
class SwitchoverTest {

    @Test
    void theChosenStandbyTakesOverWithTheLeaseHandedOnAndARefusalChangesNothing_I1_I2_I4_I5() throws Exception {
        RunningCluster.run("switchover", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(3, 1);
            cluster.client().open(1, 16);
            cluster.checkpoint();
            cluster.letCount(300);
            refusals(cluster);
            aTransferThatFailsIsTakenBack(cluster);
            for (int round = 0; round < 2; round++) {
                handOverTo(cluster, cluster.standby(round));
            }
            cluster.expectNothingLost();
        });
    }

    private static void refusals(RunningCluster cluster) {
        String primary = cluster.primary().name();
        String standby = cluster.standby(0).name();
        assertThatThrownBy(() -> cluster.watch().switchover(primary, "n9")).hasMessageContaining("'n9' is not a member");
        assertThatThrownBy(() -> cluster.watch().switchover(primary, primary)).hasMessageContaining("is the primary already");
        assertThatThrownBy(() -> cluster.watch().switchover(standby, null)).hasMessageContaining("is not the live primary")
                .hasMessageContaining(primary + " leads");
    }

    /** The standby is cut off from the group, but not from the images, when it is to be handed the lead. */
    private static void aTransferThatFailsIsTakenBack(RunningCluster cluster) {
        Machine primary = cluster.primary();
        Machine cutOff = cluster.standby(0);
        long term = cluster.term();
        String[] rule = {"iptables", "-A", "INPUT", "-p", "tcp", "--dport", Integer.toString(Layout.GROUP_PORT), "-j", "DROP"};
        String[] back = {"iptables", "-A", "INPUT", "-p", "tcp", "--sport", Integer.toString(Layout.GROUP_PORT), "-j", "DROP"};
        assertThat(cutOff.run(rule).exitCode() + cutOff.run(back).exitCode()).isZero();
        assertThatThrownBy(() -> cluster.watch().switchover(primary.name(), cutOff.name()))
                .hasMessageContaining("the lead was not handed to " + cutOff.name());
        cluster.awaitAllAnswered();
        ServiceStatus status = cluster.status(primary);
        assertThat(status.livePrimary()).as("still the live primary").isTrue();
        assertThat(status.term()).as("in the same term").isEqualTo(term);
        assertThat(cutOff.run("iptables", "-F", "INPUT").exitCode()).isZero();
        cluster.awaitCaughtUp(cutOff);
    }

    private static void handOverTo(RunningCluster cluster, Machine chosen) {
        Machine old = cluster.primary();
        long term = cluster.term();
        cluster.testbed().formerSender(old);
        cluster.watch().switchover(old.name(), chosen.name());
        assertThat(cluster.awaitTakeover(old, term)).isEqualTo(chosen);
        cluster.awaitAllAnswered();
        cluster.letCount(300);
        assertThat(cluster.status(chosen).lastTakeover().details().get("LIVE")).as("how the lease came").contains("handed over");
        assertThat(cluster.testbed().lateFrames()).as("I2: frames of %s after it handed over", old.name()).isZero();
        cluster.awaitCaughtUp(old);
        assertThat(old.workloadPids()).as("processes on %s", old.name()).isEmpty();
    }
}
