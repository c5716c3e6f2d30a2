package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the capture thread does under a load of 20,000 packets a second: nothing lost uncounted, nothing allocated. */
class CaptureLoadTest {
    private static final int PACKETS_PER_SECOND = 20_000;
    private static final int MAX_HELD = 4096;
    private static final int WARM_UP_PACKETS = 40_000;
    private static final int MEASURED_PACKETS = 40_000;
    private static final int LIMIT_SECONDS = 40;

    private TestNetwork network;
    private CountingSink sink;
    private CaptureAgent agent;
    private DatagramSocket server;
    private DatagramSocket client;

    /** Commits what it took from another thread, some packets at a time, as a group would; allocates nothing. */
    private static final class CountingSink implements PacketSink {
        private volatile long taken;
        private volatile long committed;

        @Override
        @SuppressWarnings("NonAtomicOperationOnVolatileField") // the capture thread alone writes it
        public boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck) {
            taken = taken + 1;
            return true;
        }

        @Override
        public long committedCount() {
            return committed;
        }

        @Override
        public void reset() {
            taken = 0;
            committed = 0;
        }
    }

    @BeforeEach
    void capture() throws Exception {
        network = new TestNetwork();
        sink = new CountingSink();
        agent = network.node.call(() -> {
            new IngressRules("load", TestNetwork.VIP, TestNetwork.QUEUE, null).install();
            return new CaptureAgent("load", IngressQueue.open(TestNetwork.QUEUE, 16384, 32 << 20),
                    TestNetwork.VIP_ADDRESS, MAX_HELD, sink, null).start();
        });
        server = network.server();
        client = network.clientSocket();
        agent.gate(GateMode.OPEN).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @AfterEach
    void removeEverything() {
        agent.close();
        server.close();
        client.close();
        network.close();
    }

    @Test
    void everyPacketIsAccountedForAndNoneAllocates() throws Exception {
        Thread committer = new Thread(this::commitForEver, "committer");
        committer.setDaemon(true);
        committer.start();
        try {
            long thread = captureThread();
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            sendPaced(WARM_UP_PACKETS);
            awaitAccounted(WARM_UP_PACKETS);
            long allocatedBefore = threads.getThreadAllocatedBytes(thread);
            long cpuBefore = threads.getThreadCpuTime(thread);
            long begunNanos = System.nanoTime();
            sendPaced(MEASURED_PACKETS);
            awaitAccounted(WARM_UP_PACKETS + MEASURED_PACKETS);
            long allocated = threads.getThreadAllocatedBytes(thread) - allocatedBefore;
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos);
            long cpuMicros = (threads.getThreadCpuTime(thread) - cpuBefore) / 1000;
            System.out.printf("%d packets in %d ms, %d bytes allocated, %.2f us of CPU a packet, released %d, dropped for "
                    + "want of room %d, by the kernel %s%n", MEASURED_PACKETS, tookMs, allocated,
                    cpuMicros / (double) MEASURED_PACKETS, agent.count(CaptureCount.RELEASED),
                    agent.count(CaptureCount.DROPPED_FULL), agent.kernelCounts());
            // Any object a packet would be 16 bytes; what remains is the virtual machine's own.
            assertThat(allocated / (double) MEASURED_PACKETS).as("bytes a packet").isLessThan(1.0);
            assertThat(agent.count(CaptureCount.RELEASED)).isGreaterThan(MEASURED_PACKETS);
        } finally {
            committer.interrupt();
            committer.join();
        }
    }

    private long captureThread() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("holdfast-capture-load")).findFirst().orElseThrow().getId();
    }

    private void commitForEver() {
        while (!Thread.currentThread().isInterrupted()) {
            if (sink.committed != sink.taken) {
                sink.committed = sink.taken;
                agent.onCommitted();
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private void sendPaced(int packets) throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[200], 200);
        long begunNanos = System.nanoTime();
        for (int i = 0; i < packets; i++) {
            while (System.nanoTime() - begunNanos < i * (1_000_000_000L / PACKETS_PER_SECOND)) {
                LockSupport.parkNanos(50_000);
            }
            client.send(packet);
        }
    }

    private void awaitAccounted(long sent) {
        await().atMost(LIMIT_SECONDS, TimeUnit.SECONDS).until(() -> {
            IngressQueue.KernelCounts kernel = agent.kernelCounts();
            return agent.count(CaptureCount.RELEASED) + agent.count(CaptureCount.DROPPED_FULL)
                    + kernel.droppedQueueFull() + kernel.droppedBufferFull() == sent;
        });
        assertThat(agent.count(CaptureCount.HELD)).isZero();
    }
}
