package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.linux.LibC;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The lease of a process that is frozen while the workload beside it goes on sending. */
class FrozenHolderTest {
    private static final int SIGSTOP = 19;
    private static final int SIGCONT = 18;
    private static final int LIMIT_MS = 20_000;

    @Test
    void i2TheKernelEndsTheLeaseOfAFrozenHolderAndItIsNotRevived() throws Exception {
        try (TestNetwork network = new TestNetwork();
                DatagramSocket workload = network.node.call(() -> new DatagramSocket(
                        new InetSocketAddress(TestNetwork.address(TestNetwork.VIP), 0)));
                DatagramSocket receiver = network.client.call(() -> new DatagramSocket(
                        new InetSocketAddress(TestNetwork.address(TestNetwork.CLIENT), TestNetwork.PORT)))) {
            workload.connect(new InetSocketAddress(TestNetwork.address(TestNetwork.CLIENT), TestNetwork.PORT));
            TestNetwork.send(workload, "neighbours meet before the address is barred");
            assertThat(TestNetwork.receive(receiver, LIMIT_MS)).isNotNull();
            Process holder = network.node.call(() -> new ProcessBuilder(
                    System.getProperty("java.home") + "/bin/java", "-cp", System.getProperty("java.class.path"),
                    LeaseHolder.class.getName()).redirectError(ProcessBuilder.Redirect.INHERIT).start());
            try {
                assertThat(new BufferedReader(new InputStreamReader(holder.getInputStream())).readLine())
                        .isEqualTo("granted");
                freeze(holder, workload, receiver);
            } finally {
                holder.destroyForcibly().waitFor();
            }
        }
    }

    private void freeze(Process holder, DatagramSocket workload, DatagramSocket receiver) throws Exception {
        long begunNanos = System.nanoTime();
        await().pollInterval(5, TimeUnit.MILLISECONDS).atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> {
            assertThat(passes(workload, receiver)).as("while the holder is well").isTrue();
            return System.nanoTime() - begunNanos > TimeUnit.MILLISECONDS.toNanos(4L * LeaseHolder.DURATION_MS);
        });
        LibC.check("kill", LibC.kill((int) holder.pid(), SIGSTOP));
        long frozenNanos = System.nanoTime();
        await().pollInterval(1, TimeUnit.MILLISECONDS).atMost(LIMIT_MS, TimeUnit.MILLISECONDS)
                .until(() -> !passes(workload, receiver));
        long lapsedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - frozenNanos);
        System.out.printf("lapsed %d ms after the freeze%n", lapsedMs);
        assertThat(lapsedMs).isLessThan(LeaseHolder.DURATION_MS + 300L);
        LibC.check("kill", LibC.kill((int) holder.pid(), SIGCONT));
        assertThat(holder.waitFor(LIMIT_MS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(holder.exitValue()).as("it found that it had lost the lease").isEqualTo(LeaseHolder.LAPSED_STATUS);
        assertThat(passes(workload, receiver)).isFalse();
    }

    private boolean passes(DatagramSocket workload, DatagramSocket receiver) throws Exception {
        try {
            TestNetwork.send(workload, "x");
        } catch (java.io.IOException e) {
            assertThat(e).hasMessageMatching(".*(not permitted|buffer space).*");
        }
        return TestNetwork.receive(receiver, 50) != null;
    }
}
