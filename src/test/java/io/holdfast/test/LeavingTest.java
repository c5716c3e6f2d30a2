package io.holdfast.test;

import io.holdfast.cli.testbed.Machine;
import java.util.List;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** A node that is told to stop takes everything with it that it made. */
class LeavingTest {
    private static final long STOP_BOUND_MS = 20_000;
    private static final int SIGTERM_EXIT = 143;

    @Test
    void aPrimaryThatIsToldToStopLeavesNothingBehindAndItsClientsGoOn_I2() throws Exception {
        RunningCluster.run("leaving", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.checkpoint();
            cluster.letCount(300);
            Machine leaving = cluster.primary();
            long term = cluster.term();
            cluster.testbed().formerSender(leaving);
            assertThat(leaving.terminate(STOP_BOUND_MS)).as("exit code after SIGTERM").isEqualTo(SIGTERM_EXIT);
            cluster.awaitTakeover(leaving, term);
            cluster.awaitAllAnswered();
            assertThat(cluster.testbed().lateFrames()).as("I2: frames with the VIP after it left").isZero();

            assertThat(output(leaving, "iptables-save")).as("iptables rules").doesNotContain("holdfast");
            assertThat(output(leaving, "nft", "list", "tables")).as("nftables tables").doesNotContain("holdfast");
            assertThat(output(leaving, "ip", "-o", "link")).as("devices").doesNotContain("hf-redis");
            assertThat(output(leaving, "ip", "-o", "-4", "address")).as("addresses").doesNotContain("10.77.0.100");
            assertThat(output(leaving, "ip", "rule")).as("routing rules").doesNotContain("10.77.0.100");
            assertThat(leaving.workloadPids()).as("processes").isEqualTo(List.of());
            cluster.expectNothingLost();
        });
    }

    private static String output(Machine machine, String... command) {
        return machine.run(command).output();
    }
}
