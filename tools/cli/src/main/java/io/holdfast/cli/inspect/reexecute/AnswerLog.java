package io.holdfast.cli.inspect.reexecute;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.inspect.export.PcapngWriter;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.replay.AnswerSink;
import io.holdfast.restore.replay.ReplayObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by the thread that replays: keeps a stream for each connection and, if asked, writes both directions as packets.
 *
 * <p>Clients' packets have the time of their capture. An answer has that of the packet given last plus what has passed
 * since, so that the two directions stand together.
 */
final class AnswerLog implements ReplayObserver {
    private final PcapngWriter pcap;
    private final List<AnswerStream> streams = new ArrayList<>();
    private final byte[] copy = new byte[Ipv4Packet.MAX_BYTES];
    private long lastEpochNanos;
    private long lastNanos = System.nanoTime();

    /**
     * @param pcap            null: none
     * @param firstEpochNanos time of answers before the first packet is given
     */
    AnswerLog(PcapngWriter pcap, long firstEpochNanos) {
        this.pcap = pcap;
        this.lastEpochNanos = firstEpochNanos;
    }

    @Override
    public void onGiven(long index, long epochNanos, Ipv4Packet packet) {
        lastEpochNanos = epochNanos;
        lastNanos = System.nanoTime();
        if (pcap != null) {
            write(epochNanos, index, PcapngWriter.Direction.INBOUND, packet, List.of("entry " + index));
        }
    }

    @Override
    public void onAnswer(Ipv4Packet packet) {
        if (pcap != null) {
            long epochNanos = lastEpochNanos + System.nanoTime() - lastNanos;
            write(epochNanos, -1, PcapngWriter.Direction.OUTBOUND, packet, List.of());
        }
    }

    private void write(long epochNanos, long id, PcapngWriter.Direction direction, Ipv4Packet packet, List<String> comments) {
        packet.buffer().get(packet.offset(), copy, 0, packet.totalLength());
        try {
            pcap.packet(epochNanos, id, direction, copy, 0, packet.totalLength(), comments);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write packets: " + e.getMessage(), e);
        }
    }

    @Override
    public AnswerSink begin(TcpTuple tuple, long synIndex, int firstSequence, long streamOffset) {
        AnswerStream stream = new AnswerStream(tuple, synIndex, firstSequence, streamOffset);
        streams.add(stream);
        return stream;
    }

    List<ReexecutionReport.Answers> answers() {
        return ReexecutionReport.inOrder(streams.stream().map(AnswerStream::report).toList());
    }
}
