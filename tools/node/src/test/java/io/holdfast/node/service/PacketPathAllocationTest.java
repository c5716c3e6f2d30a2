package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.consensus.GroupConfig;
import io.holdfast.consensus.GroupListener;
import io.holdfast.consensus.Member;
import io.holdfast.consensus.RaftGroup;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import io.holdfast.restore.connection.ConnectionTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A packet's way through the node allocates nothing: from the capture thread's offer to its release, with a group of one
 * between them, and on the runner from the commit to the connection table.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PacketPathAllocationTest {
    private static final int PACKETS = 200_000;
    private static final int WINDOWS = 4;
    private static final int BURST = 16;
    private static final int PAYLOAD_BYTES = 100;
    private static final int CLIENT_ISN = 5_000;
    /** The journal's index takes 0.25 on the thread that appends; any object for each packet would be 16 or more. */
    private static final double MOST_BYTES_A_PACKET = 1;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Owned by the runner: hands on what the replica is told, and says what that allocates. */
    private final class Metered implements GroupListener {
        volatile boolean leads;
        volatile long allocated;

        @Override
        public void onLeader(long term) {
            pipeline.open(term);
            leads = true;
        }

        @Override
        public void onFollower(long term, String leader) {
            leads = false;
        }

        @Override
        @SuppressWarnings("NonAtomicOperationOnVolatileField") // the runner is the only writer
        public void onCommitted(long index, long term, byte[] command, int offset, int length) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            replica.onCommitted(index, term, command, offset, length);
            allocated += THREADS.getCurrentThreadAllocatedBytes() - before;
        }

        @Override
        public void onLeaseEvidence(long term, long sentNanos) {
            // The lease is not of interest here.
        }

        @Override
        public void onFailure(Throwable cause) {
            throw new AssertionError(cause);
        }
    }

    @TempDir
    Path dir;
    private final PacketPipeline pipeline = new PacketPipeline(new GateTimes(ServiceNetwork.MAX_HELD));
    private ServiceReplica replica;
    private long released;

    @Test
    void aPacketAllocatesNothingFromItsCaptureToItsRelease() throws Exception {
        replica = new ServiceReplica(dir.resolve("replica"), JournalOptions.DEFAULT.withBlockBytes(1 << 20),
                new ConnectionTable(WorkloadRestorer.TABLE_CAPACITY), pipeline, null, null);
        Metered runner = new Metered();
        InetAddress here = InetAddress.getByName("127.0.0.1");
        Member only = new Member("n1", here, freePort(here));
        GroupConfig config = GroupConfig.of("packets", "n1", List.of(only));
        try (Journal journal = Journal.open(dir.resolve("group"), JournalOptions.DEFAULT);
             VoteStore votes = VoteStore.open(dir.resolve("group"));
             RaftGroup group = RaftGroup.join(config, journal, votes, runner)) {
            pipeline.connect(group);
            while (!runner.leads) {
                LockSupport.parkNanos(1_000_000);
            }
            pass(segment(TcpView.SYN, CLIENT_ISN, 0, 0), 1);
            ByteBuffer data = segment(TcpView.ACK, CLIENT_ISN + 1, 70_001, PAYLOAD_BYTES);
            pass(data, PACKETS);
            double captures = Double.MAX_VALUE;
            double runners = Double.MAX_VALUE;
            for (int window = 0; window < WINDOWS && Math.max(captures, runners) >= MOST_BYTES_A_PACKET; window++) {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                long runnersBefore = runner.allocated;
                pass(data, PACKETS);
                captures = (double) (THREADS.getCurrentThreadAllocatedBytes() - before) / PACKETS;
                runners = (double) (runner.allocated - runnersBefore) / PACKETS;
                System.out.printf("bytes a packet: capture thread %.3f, runner %.3f%n", captures, runners);
            }
            assertThat(replica.connections().strangers()).as("the packets are of one known connection").isZero();
            assertThat(replica.openConnections()).isEqualTo(1);
            assertThat(captures).as("the capture thread").isLessThan(MOST_BYTES_A_PACKET);
            assertThat(runners).as("the runner").isLessThan(MOST_BYTES_A_PACKET);
        } finally {
            replica.close();
        }
    }

    /** As the capture thread does: offers what it has read, has it sent on, and releases what is committed by then. */
    private void pass(ByteBuffer packet, int packets) {
        long end = released + packets;
        for (int offered = 0; offered < packets;) {
            for (int i = 0; i < BURST && offered < packets; i++) {
                offered += pipeline.offer(packet, 1_767_225_600_000_000_000L, false) ? 1 : 0;
            }
            pipeline.flush();
            release();
        }
        while (released < end) {
            LockSupport.parkNanos(10_000);
            release();
        }
    }

    private void release() {
        long committed = pipeline.committedCount();
        if (committed > released) {
            pipeline.released(committed - released);
            released = committed;
        }
    }

    private static int freePort(InetAddress here) throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, here)) {
            return socket.getLocalPort();
        }
    }

    /** Where the capture's are: in a direct buffer. */
    private static ByteBuffer segment(int flags, int sequence, int acknowledgement, int payloadBytes) {
        int length = 40 + payloadBytes;
        ByteBuffer packet = ByteBuffer.allocateDirect(length);
        packet.put((byte) 0x45).put((byte) 0).putShort((short) length).putInt(0);
        packet.put((byte) 64).put((byte) Ipv4Packet.PROTOCOL_TCP).putShort((short) 0).putInt(0x0a000001).putInt(0x0a000002);
        packet.putShort((short) 40_000).putShort((short) 6379).putInt(sequence).putInt(acknowledgement);
        packet.put((byte) 0x50).put((byte) flags).putShort((short) 1_000).putInt(0);
        return packet.position(0);
    }
}
