package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.linux.SystemCallException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The lease against the kernel: the node sends with the virtual address as source, the client listens. */
class EgressLeaseTest {
    private static final int LONG_MS = 60_000;
    private static final int MAX_CALL_MS = 1_000;
    private static final int ABSENCE_MS = 150;
    private static final int LIMIT_MS = 5_000;

    private TestNetwork network;
    private EgressLease lease;
    private DatagramSocket sender;
    private DatagramSocket receiver;

    @BeforeEach
    void install() throws Exception {
        network = new TestNetwork();
        lease = newLease(MAX_CALL_MS);
        sender = network.node.call(() -> new DatagramSocket(
                new InetSocketAddress(TestNetwork.address(TestNetwork.VIP), 0)));
        receiver = network.client.call(() -> new DatagramSocket(
                new InetSocketAddress(TestNetwork.address(TestNetwork.CLIENT), TestNetwork.PORT)));
        sender.connect(network.node.call(() ->
                new InetSocketAddress(TestNetwork.address(TestNetwork.CLIENT), TestNetwork.PORT)));
        // neighbours know each other, so that the lease alone decides what arrives
        neighbour(network.node, TestNetwork.CLIENT, network.client);
        neighbour(network.client, TestNetwork.VIP, network.node);
        run(lease::install);
    }

    private EgressLease newLease(int maxCallMs) {
        return network.node.call(() ->
                new EgressLease("test-1.a", TestNetwork.LINK, TestNetwork.VIP_ADDRESS, maxCallMs));
    }

    private void neighbour(TestNamespace where, String address, TestNamespace who) {
        StringBuilder hardware = new StringBuilder();
        for (byte each : network.link(who).hardwareAddress()) {
            hardware.append(hardware.isEmpty() ? "" : ":").append(String.format("%02x", each));
        }
        where.run("ip", "neigh", "replace", address, "lladdr", hardware.toString(), "dev", TestNetwork.LINK);
    }

    private void run(Runnable body) {
        network.node.call(() -> {
            body.run();
            return null;
        });
    }

    @AfterEach
    void removeEverything() {
        lease.close();
        sender.close();
        receiver.close();
        network.close();
    }

    /** Sends one datagram. Returns whether it arrived. */
    private boolean passes(int waitMs) throws Exception {
        String text = Long.toString(System.nanoTime());
        try {
            TestNetwork.send(sender, text);
        } catch (java.io.IOException e) {
            assertThat(e).as("what a drop on egress may look like to the sender")
                    .hasMessageMatching(".*(not permitted|buffer space).*");
        }
        String got = TestNetwork.receive(receiver, waitMs);
        assertThat(got).isIn(null, text);
        return got != null;
    }

    private boolean passes() throws Exception {
        return passes(LIMIT_MS);
    }

    private boolean isHeldBack() throws Exception {
        return !passes(ABSENCE_MS);
    }

    @Test
    void i2NothingLeavesWithoutALeaseAndNothingAfterItLapsed() throws Exception {
        assertThat(isHeldBack()).isTrue();
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        assertThat(passes()).isTrue();
        assertThat(lease.revokeLease()).isTrue();
        assertThat(isHeldBack()).isTrue();
        assertThat(lease.revokeLease()).isFalse();

        long grantedNanos = System.nanoTime();
        assertThat(lease.grantLease(300)).isTrue();
        assertThat(passes()).isTrue();
        await().pollInterval(2, TimeUnit.MILLISECONDS).atMost(LIMIT_MS, TimeUnit.MILLISECONDS)
                .until(() -> !passes(20));
        long lapsedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - grantedNanos);
        assertThat(lapsedMs).as("the kernel ended it by itself").isBetween(295L, 600L);
        assertThat(isHeldBack()).isTrue();
    }

    @Test
    void i2ARenewalProlongsAndNeverRevives() throws Exception {
        assertThat(lease.renewLease(LONG_MS)).as("never granted").isFalse();
        assertThat(isHeldBack()).isTrue();
        long grantedNanos = System.nanoTime();
        assertThat(lease.grantLease(200)).isTrue();
        await().pollInterval(20, TimeUnit.MILLISECONDS).atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> {
            assertThat(lease.renewLease(200)).isTrue();
            return System.nanoTime() - grantedNanos > TimeUnit.MILLISECONDS.toNanos(600);
        });
        assertThat(passes()).as("three times its first length later").isTrue();
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> !passes(20));
        assertThat(lease.renewLease(LONG_MS)).as("lapsed").isFalse();
        assertThat(isHeldBack()).isTrue();
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        assertThat(passes()).isTrue();
    }

    @Test
    void aRenewalLeavesNoGapForTheTraffic() throws Exception {
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        for (int i = 0; i < 500; i++) {
            assertThat(lease.renewLease(LONG_MS)).isTrue();
            TestNetwork.send(sender, Integer.toString(i));
            assertThat(TestNetwork.receive(receiver, LIMIT_MS)).isEqualTo(Integer.toString(i));
        }
        Thread renewing = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                lease.renewLease(LONG_MS);
            }
        });
        renewing.start();
        try {
            for (int i = 0; i < 5_000; i++) {
                TestNetwork.send(sender, Integer.toString(i));
                assertThat(TestNetwork.receive(receiver, LIMIT_MS)).isEqualTo(Integer.toString(i));
            }
        } finally {
            renewing.interrupt();
            renewing.join();
        }
    }

    @Test
    void whetherARightIsHeldCanBeAsked() {
        assertThat(lease.isLeaseHeld()).isFalse();
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        assertThat(lease.isLeaseHeld()).isTrue();
        assertThat(lease.isClaimHeld()).isFalse();
        assertThat(lease.grantLease(100)).as("granted anew, shorter").isTrue();
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> !lease.isLeaseHeld());
    }

    @Test
    void aCallHeldUpOnItsWayLosesTheLease() throws Exception {
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        lease.close();
        lease = newLease(0); // every call is too slow for it
        assertThat(lease.grantLease(LONG_MS)).isFalse();
        assertThat(isHeldBack()).isTrue();
        try (EgressLease patient = newLease(MAX_CALL_MS)) {
            assertThat(patient.grantLease(LONG_MS)).isTrue();
            assertThat(passes()).isTrue();
            assertThat(lease.renewLease(LONG_MS)).isFalse();
            assertThat(isHeldBack()).isTrue();
        }
    }

    @Test
    void aDeadlineGoneByEndsTheLease() throws Exception {
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        assertThat(lease.renewLeaseUntil(System.nanoTime() - 1)).isFalse();
        assertThat(isHeldBack()).isTrue();
        assertThat(lease.grantLease(EgressLease.MIN_GRANT_MS / 2)).isFalse();
    }

    @Test
    void onlyTheVirtualAddressIsHeldBack() throws Exception {
        try (DatagramSocket other = network.node.call(() -> new DatagramSocket(
                new InetSocketAddress(TestNetwork.address(TestNetwork.NODE), 0)))) {
            other.connect(sender.getRemoteSocketAddress());
            TestNetwork.send(other, "own address");
            assertThat(TestNetwork.receive(receiver, LIMIT_MS)).isEqualTo("own address");
        }
    }

    @Test
    void installingAnewShutsEgressAndRemovingOpensIt() throws Exception {
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        run(lease::install);
        assertThat(isHeldBack()).isTrue();
        assertThat(network.node.call(lease::isInstalled)).isTrue();
        run(lease::remove);
        assertThat(network.node.call(lease::isInstalled)).isFalse();
        assertThat(passes()).isTrue();
        assertThatThrownBy(() -> lease.grantLease(LONG_MS)).as("nothing to grant in")
                .isInstanceOf(SystemCallException.class);
        assertThat(lease.renewLease(LONG_MS)).isFalse();
    }

    @Test
    void theRestOfTheNodeCannotSendAnAnnouncementWithoutTheClaim() {
        run(() -> {
            try (VirtualAddress address = new VirtualAddress(TestNetwork.LINK, TestNetwork.VIP_ADDRESS, 24)) {
                assertThat(lease.grantLease(LONG_MS)).isTrue();
                assertThat(address.announce(1)).as("lease without claim").isFalse();
                assertThat(lease.revokeLease()).isTrue();
                assertThat(lease.grantClaim(LONG_MS)).isTrue();
                assertThat(address.announce(1)).as("claim without lease").isTrue();
                assertThat(lease.renewClaim(LONG_MS)).isTrue();
                assertThat(lease.revokeClaim()).isTrue();
                assertThat(address.announce(1)).isFalse();
                assertThat(lease.renewClaim(LONG_MS)).isFalse();
            }
        });
    }

    @Test
    void aRenewalTakesFarLessThanItsPeriod() {
        assertThat(lease.grantLease(LONG_MS)).isTrue();
        int rounds = 3_000;
        long[] nanos = new long[rounds];
        for (int i = 0; i < rounds; i++) {
            long begun = System.nanoTime();
            assertThat(lease.renewLease(LONG_MS)).isTrue();
            nanos[i] = System.nanoTime() - begun;
        }
        Arrays.sort(nanos);
        System.out.printf("renew: p50 %d us, p99 %d us, max %d us%n", nanos[rounds / 2] / 1000,
                nanos[rounds * 99 / 100] / 1000, nanos[rounds - 1] / 1000);
        assertThat(nanos[rounds / 2]).as("median").isLessThan(TimeUnit.MILLISECONDS.toNanos(2));
    }
}
