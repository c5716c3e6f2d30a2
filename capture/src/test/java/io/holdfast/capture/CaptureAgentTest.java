package io.holdfast.capture;

import static io.holdfast.capture.CaptureCount.DROPPED_FULL;
import static io.holdfast.capture.CaptureCount.DROPPED_REFUSED;
import static io.holdfast.capture.CaptureCount.DROPPED_SHUT;
import static io.holdfast.capture.CaptureCount.HELD;
import static io.holdfast.capture.CaptureCount.RELEASED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gate against the kernel's queue, with real traffic between two namespaces. */
class CaptureAgentTest {
    private static final int MAX_HELD = 1024;
    /** How long the absence of a packet is watched; one arrives within a millisecond. */
    private static final int ABSENCE_MS = 150;
    private static final int LIMIT_MS = 5_000;

    private TestNetwork network;
    private IngressRules rules;
    private RecordingSink sink;
    private CaptureAgent agent;
    private DatagramSocket server;
    private DatagramSocket client;

    @BeforeEach
    void capture() {
        network = new TestNetwork();
        rules = new IngressRules("test", TestNetwork.VIP, TestNetwork.QUEUE, null);
        sink = new RecordingSink();
        network.node.call(() -> {
            rules.install();
            return null;
        });
        agent = newAgent(MAX_HELD);
        server = network.server();
        client = network.clientSocket();
    }

    private CaptureAgent newAgent(int maxHeld) {
        return newAgent(maxHeld, 16384, 8 << 20);
    }

    private CaptureAgent newAgent(int maxHeld, int kernelPackets, int receiveBufferBytes) {
        return network.node.call(() -> new CaptureAgent("test",
                IngressQueue.open(TestNetwork.QUEUE, kernelPackets, receiveBufferBytes), TestNetwork.VIP_ADDRESS,
                maxHeld, sink, null).start());
    }

    @AfterEach
    void removeEverything() {
        agent.close();
        server.close();
        client.close();
        network.close();
    }

    private void gate(GateMode mode) throws Exception {
        agent.gate(mode).get(LIMIT_MS, TimeUnit.MILLISECONDS);
        assertThat(agent.mode()).isEqualTo(mode);
    }

    private void commit(long count) {
        sink.commit(count);
        agent.onCommitted();
    }

    private void awaitTaken(int count) {
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> sink.taken() == count);
    }

    private void awaitCount(CaptureCount which, long value) {
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> agent.count(which) == value);
    }

    private String received() throws IOException {
        return TestNetwork.receive(server, LIMIT_MS);
    }

    private void assertNothingArrives() throws IOException {
        assertThat(TestNetwork.receive(server, ABSENCE_MS)).isNull();
    }

    private void send(String text) throws IOException {
        TestNetwork.send(client, text);
    }

    @Test
    void i1NothingReachesTheReceiverBeforeItsCommit() throws Exception {
        gate(GateMode.OPEN);
        send("one");
        send("two");
        awaitTaken(2);
        assertNothingArrives();
        assertThat(agent.kernelCounts().waiting()).isEqualTo(2);
        commit(1);
        assertThat(received()).isEqualTo("one");
        assertNothingArrives();
        commit(2);
        assertThat(received()).isEqualTo("two");
        awaitCount(RELEASED, 2);
        assertThat(agent.count(HELD)).isZero();
        assertThat(agent.kernelCounts().waiting()).isZero();
    }

    @Test
    void i1ATcpConnectionIsNotAcceptedBeforeItsSynIsCommitted() throws Exception {
        gate(GateMode.OPEN);
        try (ServerSocket listener = network.node.call(() ->
                new ServerSocket(TestNetwork.PORT, 5, TestNetwork.address(TestNetwork.VIP)))) {
            CompletableFuture<Socket> connecting = CompletableFuture.supplyAsync(() -> network.client.call(() ->
                    new Socket(TestNetwork.VIP, TestNetwork.PORT)));
            awaitTaken(1);
            assertThat(connecting).isNotDone();
            sink.commitAtOnce(true);
            commit(1);
            try (Socket connected = connecting.get(LIMIT_MS, TimeUnit.MILLISECONDS); Socket accepted = listener.accept()) {
                connected.getOutputStream().write(42);
                assertThat(accepted.getInputStream().read()).isEqualTo(42);
                // the handshake's last segment is an acknowledgement and nothing else
                assertThat(sink.pureAcks()).isEqualTo(1);
            }
        }
    }

    @Test
    void i3NoListenerNoPacketIn() throws Exception {
        gate(GateMode.OPEN);
        send("held when the listener goes");
        awaitTaken(1);
        agent.close();
        send("sent without a listener");
        assertNothingArrives();
        String raw = network.node.run("iptables", "-t", "raw", "-nvxL", "PREROUTING");
        assertThat(raw.lines().filter(line -> line.contains("NFQUEUE")).findFirst().orElseThrow().strip())
                .as("both reached the rule").startsWith("2 ");
        // the receiver itself is well: without the rule a packet arrives
        network.node.call(() -> {
            rules.remove();
            return null;
        });
        send("without the rule");
        assertThat(received()).isEqualTo("without the rule");
    }

    @Test
    void i4ReleaseOrderIsCaptureOrderWhateverTheCommitsLookLike() throws Exception {
        gate(GateMode.OPEN);
        Random random = new Random(7);
        int sent = 0;
        int committed = 0;
        List<String> got = new ArrayList<>();
        while (got.size() < 900) {
            for (int i = random.nextInt(60); i > 0 && sent < 900; i--) {
                send(Integer.toString(sent++));
            }
            awaitTaken(sent);
            int next = sent == 900 ? 900 : committed + random.nextInt(sent - committed + 1);
            commit(next);
            for (; committed < next; committed++) {
                got.add(received());
            }
        }
        List<byte[]> offered = sink.packets();
        for (int i = 0; i < 900; i++) {
            assertThat(got.get(i)).isEqualTo(Integer.toString(i));
            assertThat(new String(offered.get(i), 28, offered.get(i).length - 28)).isEqualTo(got.get(i));
        }
    }

    @Test
    void aShutGateDropsWhatComesAndWhatWasHeld() throws Exception {
        gate(GateMode.OPEN);
        send("held");
        awaitTaken(1);
        gate(GateMode.SHUT);
        assertThat(sink.resets()).isEqualTo(1);
        assertThat(agent.kernelCounts().waiting()).isZero();
        send("comes");
        awaitCount(DROPPED_SHUT, 2);
        gate(GateMode.OPEN);
        assertNothingArrives();
        sink.commitAtOnce(true);
        send("after");
        assertThat(received()).isEqualTo("after");
    }

    @Test
    void holdReleasesNothingUntilOpenAndThenAllInOrder_I1_I4() throws Exception {
        gate(GateMode.HOLD);
        for (int i = 0; i < 20; i++) {
            send(Integer.toString(i));
        }
        awaitTaken(20);
        commit(15);
        assertNothingArrives();
        gate(GateMode.OPEN);
        for (int i = 0; i < 15; i++) {
            assertThat(received()).isEqualTo(Integer.toString(i));
        }
        assertNothingArrives();
        commit(20);
        assertThat(received()).isEqualTo("15");
    }

    @Test
    void pausedDrainsWhatWasTakenAndLeavesTheRestInTheKernel() throws Exception {
        gate(GateMode.OPEN);
        send("before");
        awaitTaken(1);
        CompletableFuture<Void> paused = agent.gate(GateMode.PAUSED);
        await().until(() -> agent.mode() == GateMode.PAUSED);
        for (int i = 0; i < 50; i++) {
            send(Integer.toString(i));
        }
        await().until(() -> agent.kernelCounts().waiting() == 51);
        assertThat(sink.taken()).isEqualTo(1);
        assertThat(paused).isNotDone();
        commit(1);
        paused.get(LIMIT_MS, TimeUnit.MILLISECONDS);
        assertThat(received()).isEqualTo("before");
        assertNothingArrives();
        assertThat(sink.taken()).isEqualTo(1);
        sink.commitAtOnce(true);
        gate(GateMode.OPEN);
        for (int i = 0; i < 50; i++) {
            assertThat(received()).isEqualTo(Integer.toString(i));
        }
    }

    @Test
    void aPauseThatCannotDrainFailsWhenTheGateMovesOn() throws Exception {
        gate(GateMode.OPEN);
        send("never committed");
        awaitTaken(1);
        CompletableFuture<Void> paused = agent.gate(GateMode.PAUSED);
        gate(GateMode.SHUT);
        assertThatThrownBy(() -> paused.get(LIMIT_MS, TimeUnit.MILLISECONDS))
                .isInstanceOf(ExecutionException.class).hasMessageContaining("1 packets not released");
        gate(GateMode.HOLD);
        assertThatThrownBy(() -> gate(GateMode.PAUSED)).hasMessageContaining("PAUSED out of HOLD");
        assertThat(agent.mode()).isEqualTo(GateMode.HOLD);
    }

    @Test
    void whatTheSinkRefusesIsDroppedAndTheOthersKeepTheirOrder() throws Exception {
        gate(GateMode.OPEN);
        send("one");
        awaitTaken(1);
        sink.refuse(true);
        send("refused");
        awaitCount(DROPPED_REFUSED, 1);
        sink.refuse(false);
        send("two");
        awaitTaken(2);
        commit(2);
        assertThat(received()).isEqualTo("one");
        assertThat(received()).isEqualTo("two");
        assertNothingArrives();
    }

    @Test
    void i9AFullRingDropsAndCountsAndGoesOnWhenThereIsRoom() throws Exception {
        agent.close();
        agent = newAgent(16);
        gate(GateMode.OPEN);
        for (int i = 0; i < 20; i++) {
            send(Integer.toString(i));
        }
        awaitCount(DROPPED_FULL, 4);
        assertThat(agent.count(HELD)).isEqualTo(16);
        commit(16);
        for (int i = 0; i < 16; i++) {
            assertThat(received()).isEqualTo(Integer.toString(i));
        }
        send("room again");
        awaitTaken(17);
        commit(17);
        assertThat(received()).isEqualTo("room again");
    }

    @Test
    void i9AFullQueueInTheKernelDropsAndIsCountedAndNothingHangs() throws Exception {
        agent.close();
        agent = newAgent(MAX_HELD, 8, 8 << 20);
        sink.commitAtOnce(true);
        gate(GateMode.PAUSED);
        for (int i = 0; i < 20; i++) {
            send(Integer.toString(i));
        }
        await().until(() -> agent.kernelCounts().droppedQueueFull() == 12);
        gate(GateMode.OPEN);
        for (int i = 0; i < 8; i++) {
            assertThat(received()).isEqualTo(Integer.toString(i));
        }
        send("after");
        assertThat(received()).isEqualTo("after");
    }

    @Test
    void i9AFullReceiveBufferDropsAndIsCountedAndNothingHangs() throws Exception {
        agent.close();
        agent = newAgent(MAX_HELD, 16384, 4096);
        sink.commitAtOnce(true);
        gate(GateMode.PAUSED);
        for (int i = 0; i < 200; i++) {
            send(Integer.toString(i));
        }
        await().until(() -> agent.kernelCounts().droppedBufferFull() + agent.kernelCounts().waiting() == 200);
        long waiting = agent.kernelCounts().waiting();
        assertThat(waiting).isBetween(1L, 199L);
        gate(GateMode.OPEN);
        for (int i = 0; i < waiting; i++) {
            assertThat(received()).isEqualTo(Integer.toString(i));
        }
        send("after");
        assertThat(received()).isEqualTo("after");
    }

    @Test
    void aDatagramInFragmentsIsCapturedWhole() throws Exception {
        gate(GateMode.OPEN);
        sink.commitAtOnce(true);
        String large = "x".repeat(4000);
        send(large);
        assertThat(received()).isEqualTo(large);
        assertThat(sink.packets()).hasSize(1);
        assertThat(sink.packets().get(0)).hasSize(4028);
    }

    @Test
    void aDatagramLongerThanTheKernelCanShowIsDroppedAndCounted() throws Exception {
        gate(GateMode.OPEN);
        sink.commitAtOnce(true);
        send("x".repeat(65_507));
        awaitCount(CaptureCount.DROPPED_MALFORMED, 1);
        String longest = "y".repeat(65_531 - 28);
        send(longest);
        assertThat(received()).isEqualTo(longest);
        assertThat(sink.taken()).isEqualTo(1);
    }

    @Test
    void aTcpStreamPassesWholeInSegmentsOfTheLinksSize() throws Exception {
        gate(GateMode.OPEN);
        sink.commitAtOnce(true);
        byte[] stream = new byte[3 << 20];
        new Random(3).nextBytes(stream);
        try (ServerSocket listener = network.node.call(() ->
                new ServerSocket(TestNetwork.PORT, 5, TestNetwork.address(TestNetwork.VIP)));
                Socket connected = network.client.call(() -> new Socket(TestNetwork.VIP, TestNetwork.PORT));
                Socket accepted = listener.accept()) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                try {
                    connected.getOutputStream().write(stream);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThat(accepted.getInputStream().readNBytes(stream.length)).isEqualTo(stream);
            writing.get(LIMIT_MS, TimeUnit.MILLISECONDS);
        }
        assertThat(sink.packets()).allMatch(packet -> packet.length <= 1500);
        assertThat(agent.count(CaptureCount.DROPPED_CHECKSUM)).isZero();
    }

    @Test
    void aSecondListenerIsRefused() {
        assertThatThrownBy(() -> network.node.call(() -> IngressQueue.open(TestNetwork.QUEUE, 16, 1 << 20)))
                .hasMessageContaining("bind queue 5").hasMessageContaining("errno");
    }

    @Test
    void requestsAfterTheEndFail() {
        agent.close();
        assertThat(agent.gate(GateMode.OPEN)).isCompletedExceptionally();
        agent.onCommitted();
    }
}
