package io.holdfast.node.service;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.replay.ReplaySource;

import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The packets a takeover replays; owned by the thread that replays. First those up to the mark of connections that the
 * workload had not accepted by then, so that no image has them; then every packet after the mark.
 */
final class JournalPackets implements ReplaySource {
    private final Journal journal;
    private final long markIndex;
    private final long lastIndex;
    private final Set<TcpTuple> unaccepted;
    private final JournalEntry entry = new JournalEntry();
    private final Ipv4Packet packet = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    private ByteBuffer view = ByteBuffer.allocate(0);
    private long index;

    /**
     * @param fromIndex  first entry that can belong to an unaccepted connection; markIndex + 1 when there is none
     * @param markIndex  of the image, 0 for a fresh workload
     * @param lastIndex  last entry to replay
     * @param unaccepted connections whose packets up to the mark are replayed
     */
    private JournalPackets(Journal journal, long fromIndex, long markIndex, long lastIndex, Set<TcpTuple> unaccepted) {
        this.journal = journal;
        this.markIndex = markIndex;
        this.lastIndex = lastIndex;
        this.unaccepted = unaccepted;
        this.index = fromIndex - 1;
    }

    /** What a restored workload has not seen of the entries up to {@code lastIndex}. */
    static JournalPackets after(RestoredWorkload restored, Journal journal, long lastIndex) {
        long fromIndex = restored.markIndex() + 1;
        for (TcpTuple tuple : restored.unaccepted()) {
            Connection known = restored.table().find(tuple);
            if (known != null) {
                fromIndex = Math.min(fromIndex, known.pendingSynIndex());
            }
        }
        return new JournalPackets(journal, fromIndex, restored.markIndex(), lastIndex, restored.unaccepted());
    }

    @Override
    public boolean next() {
        while (index < lastIndex) {
            index++;
            if (!journal.read(index, entry)) {
                throw new IllegalStateException("entry " + index + " is not in the journal, which begins at "
                        + journal.firstIndex());
            }
            if (!entry.internal() && entry.kind() == EntryKind.PACKET && (index > markIndex || isUnaccepted())) {
                return true;
            }
        }
        return false;
    }

    private boolean isUnaccepted() {
        if (view.array() != entry.buffer()) {
            view = ByteBuffer.wrap(entry.buffer());
        }
        return packet.wrap(view, entry.bodyOffset(), entry.bodyLength())
                && packet.protocol() == Ipv4Packet.PROTOCOL_TCP && segment.wrap(packet)
                && unaccepted.contains(new TcpTuple(packet.source(), segment.sourcePort(), packet.destination(),
                        segment.destinationPort()));
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
        if (entry.bodyLength() > into.capacity()) {
            return 0;
        }
        into.put(0, entry.buffer(), entry.bodyOffset(), entry.bodyLength());
        return entry.bodyLength();
    }
}
