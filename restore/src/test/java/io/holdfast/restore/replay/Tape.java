package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.PacketSink;
import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.ConnectionTable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Stands in for the journal: keeps captured packets in order, each committed at once. Any thread. */
final class Tape implements PacketSink {
    private final List<byte[]> packets = new ArrayList<>();
    private final List<Long> times = new ArrayList<>();
    private final long before;
    private volatile long committed;
    private volatile boolean refusing;

    Tape() {
        before = 0;
    }

    /** A tape that goes on after another, as the journal does on the next primary. */
    Tape(Tape first) {
        synchronized (first) {
            packets.addAll(first.packets);
            times.addAll(first.times);
        }
        before = packets.size();
    }

    @Override
    public synchronized boolean offer(ByteBuffer packet, long epochNanos, boolean pureAck) {
        if (refusing) {
            return false;
        }
        byte[] bytes = new byte[packet.remaining()];
        packet.duplicate().get(bytes);
        packets.add(bytes);
        times.add(epochNanos);
        committed = packets.size() - before;
        return true;
    }

    @Override
    public long committedCount() {
        return committed;
    }

    @Override
    public synchronized void reset() {
        committed = 0;
    }

    /** Takes nothing more. */
    void refuse() {
        refusing = true;
    }

    synchronized int size() {
        return packets.size();
    }

    synchronized byte[] packet(int place) {
        return packets.get(place);
    }

    /** What the packets from the first on tell. */
    ConnectionTable table() {
        ConnectionTable table = new ConnectionTable(1024);
        Ipv4Packet header = new Ipv4Packet();
        TcpView segment = new TcpView();
        Source source = source(0);
        ByteBuffer buffer = ByteBuffer.allocate(Ipv4Packet.MAX_BYTES);
        while (source.next()) {
            if (header.wrap(buffer, 0, source.copyTo(buffer)) && segment.wrap(header)) {
                table.apply(source.index(), source.epochNanos(), segment);
            }
        }
        return table;
    }

    /** The packets recorded up to now, from a place on; the index of the first of all is 1. */
    Source source(int from) {
        return new Source(from, size());
    }

    final class Source implements ReplaySource {
        private final int end;
        private int place;

        Source(int from, int end) {
            this.place = from - 1;
            this.end = end;
        }

        @Override
        public boolean next() {
            return ++place < end;
        }

        @Override
        public long index() {
            return place + 1;
        }

        @Override
        public long epochNanos() {
            synchronized (Tape.this) {
                return times.get(place);
            }
        }

        @Override
        public int copyTo(ByteBuffer into) {
            byte[] bytes = packet(place);
            into.put(0, bytes);
            return bytes.length;
        }
    }
}
