package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.connection.TupleMap;
import java.nio.ByteBuffer;
import java.util.Collection;

/**
 * The packets of the journal that a clone has still to get; owned by the thread that replays.
 *
 * <p>All after the mark, and before them those of the connections the image does not hold.
 */
public final class JournalReplaySource implements ReplaySource {
    private final Entries entries;
    private final long markIndex;
    private final long lastIndex;
    private final TupleMap<InFlightConnection> inFlight = new TupleMap<>();
    private final JournalEntry entry = new JournalEntry();
    private final Ipv4Packet header = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    private ByteBuffer body = ByteBuffer.wrap(new byte[0]);
    private long index;

    /** Where entries are read from: {@code journal::read}. */
    @FunctionalInterface
    public interface Entries {
        /** Returns false when there is no such entry. */
        boolean read(long index, JournalEntry into);
    }

    /**
     * @param markIndex the mark the image belongs to; the entry before the first for a fresh workload
     * @param lastIndex the last entry to replay
     * @param notInImage what the manifest lists
     */
    public JournalReplaySource(Entries entries, long markIndex, long lastIndex, Collection<InFlightConnection> notInImage) {
        this.entries = entries;
        this.markIndex = markIndex;
        this.lastIndex = lastIndex;
        long first = markIndex + 1;
        for (InFlightConnection each : notInImage) {
            inFlight.put(each.tuple(), each);
            first = Math.min(first, each.synIndex());
        }
        index = first - 1;
    }

    @Override
    public boolean next() {
        while (index < lastIndex) {
            index++;
            if (!entries.read(index, entry)) {
                throw new IllegalStateException("entry " + index + " is missing between the mark " + markIndex
                        + " and entry " + lastIndex);
            }
            if (entry.kind() == EntryKind.PACKET && (index > markIndex || isInFlight())) {
                return true;
            }
        }
        return false;
    }

    private boolean isInFlight() {
        if (body.array() != entry.buffer()) {
            body = ByteBuffer.wrap(entry.buffer());
        }
        if (!header.wrap(body, entry.bodyOffset(), entry.bodyLength()) || !segment.wrap(header)) {
            return false;
        }
        InFlightConnection found = inFlight.get(TcpTuple.endpoint(header.source(), segment.sourcePort()),
                TcpTuple.endpoint(header.destination(), segment.destinationPort()));
        return found != null && index >= found.synIndex();
    }

    @Override
    public long index() {
        return index;
    }

    @Override
    public long epochNanos() {
        return entry.epochNanos();
    }

    @Override
    public int copyTo(ByteBuffer into) {
        int length = entry.bodyLength();
        if (length > into.capacity()) {
            return 0;
        }
        into.put(0, entry.buffer(), entry.bodyOffset(), length);
        return length;
    }
}
