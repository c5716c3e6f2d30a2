package io.holdfast.node.service;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.PacketSink;
import io.holdfast.consensus.RaftGroup;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;

import java.nio.ByteBuffer;

/**
 * Shared by two threads, each with fields of its own: the capture thread offers, the Raft runner counts what is
 * committed. One packet is one command is one entry.
 *
 * <p>The count is right because only the leader's capture proposes packets: the packets committed in its own term are
 * exactly those it offered in that term, in the same order (I4). Entries of an earlier term that commit late are not
 * counted; their packets were dropped when that leadership ended.
 */
final class PacketPipeline implements PacketSink {
    /** The capture thread's; the group copies what it takes. */
    private final byte[] command = new byte[Command.HEADER_BYTES + Ipv4Packet.MAX_BYTES];
    private volatile RaftGroup group;
    private volatile long openTerm = -1;
    private volatile long committed;
    private volatile boolean refusing;
    private final GateTimes times;

    /** @param times told when packets are taken, committed and released */
    PacketPipeline(GateTimes times) {
        this.times = times;
    }

    /** Names the group once it is joined; until then nothing is taken. */
    void connect(RaftGroup joined) {
        group = joined;
    }

    /** Takes packets of {@code term} from here on and counts from zero; called while the gate is shut. */
    void open(long term) {
        committed = 0;
        openTerm = term;
    }

    /** Whether nothing is taken for now, in whatever term: the journal has no room. */
    void refuse(boolean full) {
        refusing = full;
    }

    /** Takes nothing more. */
    void close() {
        openTerm = -1;
    }

    @Override
    public boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck) {
        RaftGroup to = group;
        long term = openTerm;
        if (to == null || term < 0 || refusing) {
            return false;
        }
        int length = packet.remaining();
        Command.encodeHeader(EntryKind.PACKET, pureAck ? Command.PURE_ACK : 0, epochNanos, command, 0);
        packet.get(packet.position(), command, Command.HEADER_BYTES, length);
        times.offered();
        boolean taken = to.enqueue(command, 0, Command.HEADER_BYTES + length);
        if (taken) {
            times.taken();
        }
        return taken;
    }

    @Override
    public void flush() {
        RaftGroup to = group;
        if (to != null) {
            to.flush();
        }
    }

    @Override
    public long committedCount() {
        return committed;
    }

    @Override
    public void released(long count) {
        times.released(count);
    }

    @Override
    public void reset() {
        times.reset();
        committed = 0;
    }

    /** Runner thread: a packet entry of {@code term} is committed; true when it is one of ours. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // the runner is the only writer while a term is open
    boolean onCommitted(long term) {
        if (term != openTerm) {
            return false;
        }
        times.committed(committed);
        committed++;
        return true;
    }
}
