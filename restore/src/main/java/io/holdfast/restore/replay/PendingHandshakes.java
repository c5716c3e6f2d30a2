package io.holdfast.restore.replay;

import io.holdfast.capture.CaptureObserver;
import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SequenceNumber;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.connection.TupleMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Carries handshakes over a takeover whose SYN is in the journal and whose acknowledgement was not yet; guarded by
 * itself: the capture thread observes, the takeover thread begins and resolves.
 *
 * <p>The clone has answered the SYN with a number of its own. If the client then acknowledges that number, it never
 * saw the old primary's answer and nothing is to be done. If it acknowledges another, it saw the old primary's: the
 * adjustment is installed while the segment waits in the queue, and the clone is given the acknowledgement in its own
 * numbers through the loopback device, because the kernel's adjustment does not reach the echoed timestamp, by which
 * Linux refuses a handshake since 6.15 (net/ipv4/tcp_minisocks.c, tcp_check_req).
 */
public final class PendingHandshakes implements CaptureObserver {
    private static final int FIRST_FLIGHT_BYTES = 1 << 20;
    private static final int LARGEST_HEADER_BYTES = 120;
    private static final int TOTAL_LENGTH_OFFSET = 2;
    private static final int FLAGS_OFFSET = 13;

    private final TunDevice tun;
    private final ConntrackAdjust conntrack;
    private final SocketScan scan;
    private final HandshakeListener listener;
    private final TupleMap<TcpTuple> adjusted = new TupleMap<>();
    private final TupleMap<Pending> pending = new TupleMap<>();
    private final ByteBuffer packet = ByteBuffer.allocateDirect(LARGEST_HEADER_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long packetAddress = LibC.addressOf(packet);
    private final Ipv4Packet header = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    /** Spares the capture thread the lock while nothing is pending. */
    private volatile boolean active;

    private static final class Pending {
        final TcpTuple tuple;
        final int clientIsn;
        /** What the clone answered, once it is known. */
        ReplayReport.Outcome answer;
        /** The headers of the client's first segment after the SYN, once it has come. */
        byte[] first;

        Pending(TcpTuple tuple, int clientIsn) {
            this.tuple = tuple;
            this.clientIsn = clientIsn;
        }
    }

    /**
     * @param conntrack used by this alone
     * @param scan used by this alone
     */
    public PendingHandshakes(Loopback loopback, ConntrackAdjust conntrack, SocketScan scan, HandshakeListener listener) {
        this.tun = loopback.device();
        this.conntrack = conntrack;
        this.scan = scan;
        this.listener = listener;
    }

    /** Begins to watch, before the gate takes its first packet. @param table with every committed packet applied */
    public synchronized void begin(ConnectionTable table) {
        pending.removeIf(each -> true);
        table.forEach(this::add);
        decideActive();
    }

    private void add(Connection connection) {
        if (!connection.state().isOver() && connection.isHandshakePending()) {
            pending.put(connection.tuple(), new Pending(connection.tuple(), connection.pendingIsn()));
        }
    }

    /** Knows the clone's answers, and what the kernel adjusts, from here on; to be called before the gate opens. */
    public synchronized void resolve(ReplayReport replay, FixReport fix) {
        for (ReplayReport.Outcome outcome : replay.connections()) {
            Pending found = pending.get(outcome.tuple());
            if (found != null && outcome.isPending() && outcome.answered()) {
                found.answer = outcome;
                continueIfKnown(found);
            }
        }
        pending.removeIf(each -> each.answer == null);
        adjusted.removeIf(each -> true);
        for (FixReport.Survivor each : fix.survivors()) {
            if (each.delta() != 0) {
                adjusted.put(each.tuple(), each.tuple());
            }
        }
        decideActive();
    }

    private void decideActive() {
        active = pending.size() > 0 || adjusted.size() > 0;
    }

    /** Forgets everything: this node is no longer primary. */
    public synchronized void end() {
        pending.removeIf(each -> true);
        adjusted.removeIf(each -> true);
        active = false;
    }

    /** How many handshakes are watched. */
    public synchronized int size() {
        return pending.size();
    }

    @Override
    public void onCaptured(TcpView captured) {
        if (active) {
            observe(captured);
        }
    }

    private synchronized void observe(TcpView captured) {
        Ipv4Packet source = captured.packet();
        long client = TcpTuple.endpoint(source.source(), captured.sourcePort());
        long server = TcpTuple.endpoint(source.destination(), captured.destinationPort());
        if (captured.has(TcpView.SYN) && adjusted.get(client, server) != null) {
            beginAnew(adjusted.get(client, server));
        }
        Pending found = pending.get(client, server);
        if (found == null || captured.has(TcpView.SYN) && captured.sequence() == found.clientIsn) {
            return;
        }
        if (captured.has(TcpView.SYN) || captured.has(TcpView.RST)) {
            pending.remove(client, server);
        } else if (found.first == null && captured.has(TcpView.ACK)
                && SequenceNumber.isWithin(captured.sequence(), found.clientIsn + 1, FIRST_FLIGHT_BYTES)) {
            found.first = new byte[source.headerLength() + captured.headerLength()];
            source.buffer().get(source.offset(), found.first);
            continueIfKnown(found);
        }
        decideActive();
    }

    /**
     * Ports are used again. The kernel keeps the adjustment when the server ended the last connection by a reset
     * (net/netfilter/nf_conntrack_proto_tcp.c kills only what the client or a FIN ended); the new one is without.
     */
    private void beginAnew(TcpTuple tuple) {
        if (scan.unreadBytes(tuple) < 0) {
            conntrack.remove(tuple);
            adjusted.remove(tuple.client(), tuple.server());
        }
    }

    private void continueIfKnown(Pending found) {
        if (found.answer == null || found.first == null) {
            return;
        }
        pending.remove(found.tuple.client(), found.tuple.server());
        view(found.first);
        int delta = found.answer.cloneIsn() - (segment.acknowledgement() - 1);
        if (delta == 0) {
            return; // the clone's own answer reached the client
        }
        conntrack.install(found.tuple, delta);
        adjusted.put(found.tuple, found.tuple);
        boolean hasTimestamps = segment.hasTimestamps();
        int echo = hasTimestamps ? segment.timestampEcho() : 0;
        SequenceTranslator.translate(segment, segment.acknowledgement() + delta, delta);
        if (found.answer.hasCloneTsval()) {
            SequenceTranslator.echo(segment, found.answer.cloneTsval());
        }
        Checksums.fill(header);
        tun.write(packetAddress, header.totalLength());
        listener.onContinued(found.tuple, delta, hasTimestamps, echo);
    }

    /** The headers alone, made the headers of a segment that only acknowledges. */
    private void view(byte[] headers) {
        packet.put(0, headers).putShort(TOTAL_LENGTH_OFFSET, (short) headers.length);
        if (!header.wrap(packet, 0, headers.length)) {
            throw new IllegalStateException("captured headers are no packet");
        }
        packet.put(header.payloadOffset() + FLAGS_OFFSET, (byte) TcpView.ACK);
        if (!segment.wrap(header)) {
            throw new IllegalStateException("captured headers are no segment");
        }
    }

    @Override
    public void onFailure(Throwable cause) {
        end();
    }
}
