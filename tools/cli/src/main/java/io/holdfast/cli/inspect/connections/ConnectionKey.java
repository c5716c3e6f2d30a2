package io.holdfast.cli.inspect.connections;

import io.holdfast.cli.inspect.PacketView;
import io.holdfast.restore.connection.TcpTuple;

/** Two endpoints as {@link TcpTuple#endpoint} packs them, and the protocol between them; immutable. */
record ConnectionKey(long client, long server, int protocol) {
    static ConnectionKey of(PacketView packet) {
        return new ConnectionKey(TcpTuple.endpoint(packet.ip.source(), packet.sourcePort()),
                TcpTuple.endpoint(packet.ip.destination(), packet.destinationPort()), packet.ip.protocol());
    }
}
