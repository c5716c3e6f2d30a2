package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.capture.TcpView;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.SystemCallException;
import io.holdfast.restore.connection.SegmentBuilder;
import io.holdfast.restore.connection.TcpTuple;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LoopbackTest {
    private static final LoopbackConfig CONFIG = new LoopbackConfig("hf-tun", Scene.VIP_ADDRESS, 4242, 1400);
    private static final int ROUNDS = 200;
    private Namespace namespace;

    @BeforeEach
    void open() {
        namespace = new Namespace("l");
        namespace.run("ip", "addr", "add", Scene.VIP + "/32", "dev", "lo");
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    private Loopback loopback() {
        return namespace.call(() -> Loopback.open(CONFIG));
    }

    private String rules() {
        return namespace.run("ip", "rule", "show");
    }

    @Test
    void everythingIsThereAndGoesAgain() {
        String before = rules();
        try (Loopback loopback = loopback()) {
            assertThat(namespace.run("ip", "link", "show", "hf-tun")).contains("mtu 1400").contains("UP");
            assertThat(namespace.run("ip", "route", "show", "table", "4242")).contains("default dev hf-tun")
                    .contains("rto_min lock 20ms");
            assertThat(namespace.run("nft", "list", "ruleset")).contains("iifname \"hf-tun\" notrack")
                    .contains("oifname \"hf-tun\" notrack");
            assertThat(rules()).isEqualTo(before);
            loopback.engage();
            assertThat(rules()).contains("from " + Scene.VIP + " lookup 4242");
            assertThat(namespace.run("ip", "route", "get", "192.0.2.1", "from", Scene.VIP)).contains("dev hf-tun");
            loopback.release();
            assertThat(rules()).isEqualTo(before);
            loopback.engage();
        }
        assertThat(rules()).isEqualTo(before);
        assertThat(namespace.run("ip", "link", "show")).doesNotContain("hf-tun");
        assertThat(namespace.run("nft", "list", "ruleset")).doesNotContain("hf-tun");
    }

    @Test
    void whatADeadPredecessorLeftIsTakenOver() {
        String before = rules();
        namespace.run("ip", "rule", "add", "from", Scene.VIP, "lookup", "4242", "pref", "100");
        namespace.run("ip", "rule", "add", "from", Scene.VIP + "/32", "lookup", "4242", "pref", "100", "protocol", "7");
        namespace.call(() -> {
            LoopbackFilter.install("hf-tun");
            return null;
        });
        try (Loopback loopback = loopback()) {
            assertThat(rules()).isEqualTo(before);
            assertThat(namespace.run("nft", "list", "ruleset").split("iifname", -1)).hasSize(2);
        }
    }

    @Test
    void aLivingOneIsNotTakenOver() {
        try (Loopback loopback = loopback()) {
            assertThatThrownBy(this::loopback).isInstanceOf(SystemCallException.class).hasMessageContaining("TUNSETIFF");
            assertThat(loopback.isEngaged()).isFalse();
        }
    }

    @Test
    void engagingTakesWellUnderAMillisecond() {
        try (Loopback loopback = loopback()) {
            long[] nanos = new long[2 * ROUNDS];
            for (int i = 0; i < ROUNDS; i++) {
                long begin = System.nanoTime();
                loopback.engage();
                nanos[2 * i] = System.nanoTime() - begin;
                begin = System.nanoTime();
                loopback.release();
                nanos[2 * i + 1] = System.nanoTime() - begin;
            }
            Arrays.sort(nanos);
            System.out.printf("RULE on or off: p50 %d us, max %d us%n", nanos[ROUNDS] / 1000, nanos[2 * ROUNDS - 1] / 1000);
            assertThat(nanos[ROUNDS]).isLessThan(2_000_000);
        }
    }

    /** Strict filtering for all interfaces would drop clients' packets that come out of the device. */
    @Test
    void aStrictReversePathFilterDoesNotDropWhatIsInjected() {
        namespace.run("sysctl", "-q", "-w", "net.ipv4.conf.all.rp_filter=1");
        namespace.run("ip", "route", "add", "default", "dev", "lo");
        try (Loopback loopback = loopback()) {
            byte[] syn = new SegmentBuilder(TcpTuple.parse("192.0.2.7:999->" + Scene.VIP + ":1")).flags(TcpView.SYN).bytes();
            ByteBuffer packet = ByteBuffer.allocateDirect(syn.length).put(0, syn);
            loopback.engage();
            loopback.device().write(LibC.addressOf(packet), syn.length);
            Reference.reachabilityFence(packet);
            // Nobody listens: the stack answers with a reset, at once.
            assertThat(loopback.device().read()).isEqualTo(40);
        }
    }
}
