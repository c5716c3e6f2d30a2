package io.holdfast.capture;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A sink that keeps what it took and commits when the test says so. */
final class RecordingSink implements PacketSink {
    private final List<byte[]> packets = new ArrayList<>();
    private final List<Boolean> pureAcks = new ArrayList<>();
    private volatile long committed;
    private volatile boolean refusing;
    private volatile boolean committing;
    private volatile int resets;

    @Override
    public synchronized boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck) {
        if (refusing) {
            return false;
        }
        byte[] bytes = new byte[packet.remaining()];
        packet.duplicate().get(bytes);
        packets.add(bytes);
        pureAcks.add(pureAck);
        if (committing) {
            committed++;
        }
        return true;
    }

    @Override
    public long committedCount() {
        return committed;
    }

    @Override
    public synchronized void reset() {
        packets.clear();
        pureAcks.clear();
        committed = 0;
        resets++;
    }

    void commit(long count) {
        committed = count;
    }

    void commitAtOnce(boolean yes) {
        committing = yes;
    }

    void refuse(boolean yes) {
        refusing = yes;
    }

    int resets() {
        return resets;
    }

    synchronized int taken() {
        return packets.size();
    }

    synchronized List<byte[]> packets() {
        return List.copyOf(packets);
    }

    synchronized long pureAcks() {
        return pureAcks.stream().filter(each -> each).count();
    }
}
