package io.holdfast.restore.replay;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.UdpView;
import io.holdfast.capture.linux.LibC;
import io.holdfast.restore.connection.Connection;
import io.holdfast.restore.connection.ConnectionState;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SequenceNumber;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.connection.TupleMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/**
 * Gives the clone what clients sent to the primary, in index order, through an engaged {@link Loopback}; owned by one
 * thread, used once.
 *
 * <p>Each segment is translated to the clone's numbering and paced: one that acknowledges what the clone has not sent
 * yet would be thrown away by its stack, data and all (RFC 9293 section 3.10.7.4), so it waits until the clone has.
 */
public final class Replayer {
    private static final long SYN_AGAIN_NANOS = 10_000_000;
    private static final long PROD_AFTER_NANOS = 100_000;
    /** How much longer than the primary the clone may take. */
    private static final int PATIENCE_FACTOR = 2;
    private static final long OVER_KEPT_NANOS = 2_000_000_000L;
    private static final long LONGEST_HOLD_NANOS = 30_000_000_000L;

    private final TunDevice tun;
    private final int virtualAddress;
    private final SocketScan scan;
    private final ReplayOptions options;
    private final ReplayObserver observer;
    private final TupleMap<ReplayConnection> connections = new TupleMap<>();
    private final CloneAnswers answers;
    private final ReplayWait wait;
    private final Acknowledgement acknowledgement;
    private final ByteBuffer packet = ByteBuffer.allocateDirect(Ipv4Packet.MAX_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final long packetAddress = LibC.addressOf(packet);
    private final Ipv4Packet header = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    private final UdpView datagram = new UdpView();

    /** In the order they ended. Kept for a while: the primary's last word may not have reached the client. */
    private final Queue<ReplayConnection> over = new ArrayDeque<>();
    private ConnectionTable table;
    /** Whose bytes the workload may not have read yet; null: nobody's. */
    private ReplayConnection lastFed;
    private long lastFedEpochNanos;
    private long stepIndex;
    private long stepEpochNanos;
    private long entries;
    private long injected;
    private long skipped;
    private long held;
    private long clamped;
    private long prodded;
    private long unread;
    private long begunNanos;
    private long micros;

    /** @param scan of the network namespace the clone lives in */
    public Replayer(Loopback loopback, SocketScan scan, ReplayOptions options) {
        this(loopback, scan, options, ReplayObserver.NONE);
    }

    /** One that is watched. */
    public Replayer(Loopback loopback, SocketScan scan, ReplayOptions options, ReplayObserver observer) {
        this.tun = loopback.device();
        this.virtualAddress = loopback.config().virtualAddress();
        this.scan = scan;
        this.options = options;
        this.observer = observer;
        this.answers = new CloneAnswers(tun, connections, observer);
        this.wait = new ReplayWait(tun, answers);
        this.acknowledgement = new Acknowledgement(tun);
    }

    /**
     * Replays everything the source gives.
     *
     * @param known the connections at the mark, with the deltas of the image; empty for a fresh workload. Every packet
     *     that is replayed is applied to it.
     */
    public ReplayReport replay(ConnectionTable known, ReplaySource source) {
        table = known;
        begunNanos = System.nanoTime();
        for (TcpSocket socket : scan.connections(virtualAddress)) {
            Connection inImage = known.find(socket.tuple());
            if (inImage != null && inImage.state() != ConnectionState.SYN_SEEN) {
                connections.put(socket.tuple(), watched(ReplayConnection.ofImage(inImage, socket), inImage));
            }
        }
        while (source.next()) {
            entries++;
            step(source.index(), source.epochNanos(), source.copyTo(packet));
        }
        awaitRead();
        micros = (System.nanoTime() - begunNanos) / 1000;
        return report();
    }

    private ReplayConnection watched(ReplayConnection connection, Connection inImage) {
        long streamOffset = connection.cloneSent - connection.delta - (inImage.serverIsn() + 1) & 0xffffffffL;
        connection.sink = observer.begin(connection.tuple, inImage.synIndex(), connection.cloneSent, streamOffset);
        return connection;
    }

    /**
     * Waits until the clone has sent nothing new for a while, after the last packet was given.
     *
     * @return false when it did not come to rest within {@code boundMs}
     */
    public boolean settle(int quietMs, int boundMs) {
        long seen = answers.advances();
        long quietSince = 0;
        wait.begin(boundMs * 1_000_000L);
        while (wait.goOn()) {
            if (answers.advances() != seen) {
                seen = answers.advances();
                quietSince = wait.elapsedNanos();
            } else if (wait.elapsedNanos() - quietSince > quietMs * 1_000_000L) {
                return true;
            }
        }
        return false;
    }

    private void step(long index, long epochNanos, int length) {
        stepIndex = index;
        stepEpochNanos = epochNanos;
        answers.drain();
        if (!header.wrap(packet, 0, length) || !segment.wrap(header)) {
            datagram(length);
            return;
        }
        if (index > table.lastIndex()) {
            table.apply(index, epochNanos, segment);
        }
        long client = TcpTuple.endpoint(header.source(), segment.sourcePort());
        long server = TcpTuple.endpoint(header.destination(), segment.destinationPort());
        ReplayConnection connection = connections.get(client, server);
        if (segment.has(TcpView.SYN)) {
            syn(index, connection, client, server);
        } else if (connection == null) {
            skipped++;
        } else {
            segment(connection, epochNanos);
        }
    }

    private void datagram(int length) {
        if (!header.wrap(packet, 0, length) || !datagram.wrap(header)) {
            skipped++;
            return;
        }
        awaitRead();
        inject();
    }

    private void syn(long index, ReplayConnection known, long client, long server) {
        if (known == null || known.isOver()) {
            connections.put(client, server, ReplayConnection.ofSyn(index, segment));
        } else if (segment.sequence() != known.clientIsn
                && (known.successor == null || known.successor.clientIsn != segment.sequence())) {
            known.successor = ReplayConnection.ofSyn(index, segment);
        }
        inject();
        answers.drain();
    }

    private void segment(ReplayConnection known, long epochNanos) {
        ReplayConnection connection = known;
        if (known.successor != null && known.successor.canBegin(segment)) {
            connection = known.successor;
        }
        if (!connection.established && !establish(connection)) {
            skipped++;
            return;
        }
        if (segment.has(TcpView.ACK) && connection.established) {
            acknowledge(connection, epochNanos);
        }
        if (segment.payloadLength() > 0) {
            makeRoom(connection, epochNanos);
        }
        if (connection.hasCloneTsval) {
            SequenceTranslator.echo(segment, connection.cloneTsval);
        }
        inject();
        after(connection, epochNanos);
    }

    /** Has the clone's answer to the SYN, and learns the primary's from the client. False: the clone did not answer. */
    private boolean establish(ReplayConnection connection) {
        if (!connection.canBegin(segment)) {
            return false;
        }
        if (!connection.cloneAnswered) {
            awaitSynAck(connection);
        }
        if (!connection.cloneAnswered) {
            return false;
        }
        if (segment.has(TcpView.ACK) && !segment.has(TcpView.RST)) {
            connection.establish(segment.acknowledgement());
        }
        return true;
    }

    private void awaitSynAck(ReplayConnection connection) {
        held++;
        wait.begin(options.holdMs() * 1_000_000L);
        long next = SYN_AGAIN_NANOS;
        while (!connection.cloneAnswered && wait.goOn()) {
            if (wait.elapsedNanos() >= next) {
                acknowledgement.repeat(connection.syn);
                next += SYN_AGAIN_NANOS;
            }
        }
    }

    private void acknowledge(ReplayConnection connection, long epochNanos) {
        int wanted = segment.acknowledgement() + connection.delta;
        if (!connection.hasSent(wanted) && !connection.diverged) {
            awaitSent(connection, wanted, epochNanos);
        }
        if (!connection.hasSent(wanted)) {
            connection.diverged = true;
            clamped++;
            connection.sink.cut(stepIndex, wanted, connection.cloneSent);
            wanted = connection.cloneSent;
        }
        connection.acknowledge(segment.acknowledgement(), wanted);
        SequenceTranslator.translate(segment, wanted, connection.delta);
    }

    /**
     * Waits until the clone has sent what the client acknowledges. When it stops short of that, its congestion window
     * may be smaller than the primary's was: what it has sent so far is then acknowledged on its own, which is no more
     * than the client says.
     */
    private void awaitSent(ReplayConnection connection, int wanted, long epochNanos) {
        held++;
        wait.begin(holdNanos(epochNanos));
        while (!connection.hasSent(wanted) && wait.goOn()) {
            if (wait.idleNanos() > PROD_AFTER_NANOS
                    && SequenceNumber.isAfter(connection.cloneSent, connection.acknowledgedToClone)) {
                acknowledgement.send(segment, connection);
                connection.acknowledge(connection.acknowledged, connection.cloneSent);
                prodded++;
            }
        }
    }

    private long holdNanos(long epochNanos) {
        long primaryTook = Math.max(0, epochNanos - lastFedEpochNanos);
        long extra = lastFedEpochNanos == 0 ? 0 : PATIENCE_FACTOR * Math.min(primaryTook, LONGEST_HOLD_NANOS);
        return Math.min(LONGEST_HOLD_NANOS, options.holdMs() * 1_000_000L + extra);
    }

    /** Sees to it that the workload has read what came before, and that the clone's buffer holds what comes now. */
    private void makeRoom(ReplayConnection connection, long epochNanos) {
        if (connection != lastFed) {
            awaitRead();
        }
        int end = segment.sequence() + segment.payloadLength();
        if (!connection.hasRoom(end)) {
            held++;
            wait.begin(options.holdMs() * 1_000_000L);
            while (!connection.hasRoom(end) && wait.goOn()) {
                Thread.onSpinWait();
            }
        }
        lastFed = connection;
        lastFedEpochNanos = epochNanos;
    }

    private void awaitRead() {
        ReplayConnection fed = lastFed;
        lastFed = null;
        if (fed == null || !options.strictOrder() || scan.unreadBytes(fed.tuple) <= 0) {
            return;
        }
        wait.begin(fed.slowReader ? 0 : options.consumeMs() * 1_000_000L);
        while (wait.goOn()) {
            if (scan.unreadBytes(fed.tuple) <= 0) {
                fed.slowReader = false;
                return;
            }
        }
        fed.slowReader = true;
        unread++;
    }

    private void after(ReplayConnection connection, long epochNanos) {
        connection.given(segment);
        if (connection.isOver()) {
            connection.overEpochNanos = epochNanos;
            over.add(connection);
        }
        ReplayConnection oldest = over.peek();
        if (oldest != null && epochNanos - oldest.overEpochNanos > OVER_KEPT_NANOS) {
            over.remove();
            forget(oldest);
        }
    }

    private void forget(ReplayConnection connection) {
        if (connections.get(connection.tuple) == connection) {
            connections.remove(connection.tuple.client(), connection.tuple.server());
        }
    }

    /** Captured packets may carry unfinished checksums, and translated ones are wrong: all are computed anew. */
    private void inject() {
        Checksums.fill(header);
        observer.onGiven(stepIndex, stepEpochNanos, header);
        tun.write(packetAddress, header.totalLength());
        injected++;
    }

    /** The connections with all that was replayed applied. */
    public ConnectionTable table() {
        return table;
    }

    /** What the replay did, and what the clone has sent up to now. */
    public ReplayReport report() {
        answers.drain();
        List<ReplayReport.Outcome> outcomes = new ArrayList<>(connections.size());
        connections.forEach(connection -> {
            outcomes.add(connection.outcome());
            if (connection.successor != null) {
                outcomes.add(connection.successor.outcome());
            }
        });
        return new ReplayReport(entries, injected, skipped, held, clamped, prodded, unread, answers.packets(), micros, outcomes);
    }
}
