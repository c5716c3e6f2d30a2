package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.connection.TupleMap;

/**
 * Reads what the clone sends into the loopback and keeps what it tells about each connection; owned by the thread that
 * replays. The packets themselves end here.
 */
final class CloneAnswers {
    private final TunDevice tun;
    private final TupleMap<ReplayConnection> connections;
    private final ReplayObserver observer;
    private final Ipv4Packet packet = new Ipv4Packet();
    private final TcpView answer = new TcpView();
    private long packets;
    private long strangers;
    private long advances;

    CloneAnswers(TunDevice tun, TupleMap<ReplayConnection> connections, ReplayObserver observer) {
        this.tun = tun;
        this.connections = connections;
        this.observer = observer;
    }

    /** Reads all that waits. Returns whether there was anything. */
    boolean drain() {
        int length = tun.read();
        if (length == 0) {
            return false;
        }
        do {
            packets++;
            take(length);
            length = tun.read();
        } while (length != 0);
        return true;
    }

    private void take(int length) {
        if (!packet.wrap(tun.received(), 0, length)) {
            return;
        }
        observer.onAnswer(packet);
        if (!answer.wrap(packet)) {
            return; // UDP, ICMP: nothing is kept of them
        }
        long client = TcpTuple.endpoint(packet.destination(), answer.destinationPort());
        long server = TcpTuple.endpoint(packet.source(), answer.sourcePort());
        ReplayConnection connection = connections.get(client, server);
        if (connection == null) {
            strangers++;
        } else if (answer.has(TcpView.SYN)) {
            onSynAck(connection, client, server);
        } else if (connection.cloneAnswered || answer.has(TcpView.RST)) {
            int sentBefore = connection.cloneSent;
            connection.onAnswer(answer);
            advances += connection.cloneSent == sentBefore ? 0 : 1;
        }
    }

    private void onSynAck(ReplayConnection known, long client, long server) {
        ReplayConnection successor = known.successor;
        if (successor != null && answer.acknowledgement() == successor.clientIsn + 1) {
            begin(successor);
            connections.put(client, server, successor);
        } else if (!known.established && answer.acknowledgement() == known.clientIsn + 1) {
            begin(known);
        }
    }

    private void begin(ReplayConnection connection) {
        boolean first = !connection.cloneAnswered;
        connection.onSynAck(answer);
        if (first) {
            connection.sink = observer.begin(connection.tuple, connection.synIndex, connection.cloneSent, 0);
        }
    }

    /** How many packets the clone sent. */
    long packets() {
        return packets;
    }

    /** How many of them brought something new of a connection. */
    long advances() {
        return advances;
    }

    /** How many of them belonged to no connection of the replay. */
    long strangers() {
        return strangers;
    }
}
