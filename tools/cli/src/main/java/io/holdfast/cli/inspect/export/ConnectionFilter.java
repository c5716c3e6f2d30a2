package io.holdfast.cli.inspect.export;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.restore.connection.TcpTuple;

/**
 * Which packets to take; immutable. Written as a client ({@code 10.0.0.7} or {@code 10.0.0.7:40112}) or as a whole
 * connection ({@code 10.0.0.7:40112->10.0.0.100:6379}).
 */
public final class ConnectionFilter {
    public static final ConnectionFilter ALL = new ConnectionFilter(0, -1, null);
    private static final int ANY_PORT = -1;
    private static final int PORTS_BYTES = 4;

    private final int client;
    private final int clientPort;
    private final TcpTuple whole;

    private ConnectionFilter(int client, int clientPort, TcpTuple whole) {
        this.client = client;
        this.clientPort = clientPort;
        this.whole = whole;
    }

    /** @throws IllegalArgumentException when it is neither form */
    public static ConnectionFilter parse(String text) {
        if (text.contains("->")) {
            TcpTuple tuple = TcpTuple.parse(text);
            return new ConnectionFilter(tuple.clientAddress(), tuple.clientPort(), tuple);
        }
        int colon = text.indexOf(':');
        int port = colon < 0 ? ANY_PORT : Integer.parseInt(text.substring(colon + 1));
        if (port > 0xFFFF || port < ANY_PORT) {
            throw new IllegalArgumentException("not a port: " + text);
        }
        return new ConnectionFilter(Ipv4Packet.address(colon < 0 ? text : text.substring(0, colon)), port, null);
    }

    /** Whether a client's packet is one of these. */
    public boolean takes(Ipv4Packet packet) {
        if (this == ALL) {
            return true;
        }
        if (packet.source() != client) {
            return false;
        }
        if (clientPort == ANY_PORT) {
            return true;
        }
        boolean hasPorts = (packet.protocol() == Ipv4Packet.PROTOCOL_TCP || packet.protocol() == Ipv4Packet.PROTOCOL_UDP)
                && !packet.isFragment() && packet.payloadLength() >= PORTS_BYTES;
        return hasPorts && port(packet, 0) == clientPort && (whole == null
                || packet.destination() == whole.serverAddress() && port(packet, Short.BYTES) == whole.serverPort());
    }

    private static int port(Ipv4Packet packet, int at) {
        return packet.buffer().getShort(packet.payloadOffset() + at) & 0xFFFF;
    }
}
