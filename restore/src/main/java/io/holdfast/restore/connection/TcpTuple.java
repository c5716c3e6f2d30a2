package io.holdfast.restore.connection;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;

/**
 * The four numbers that name a TCP connection, seen from the protected service; immutable.
 *
 * @param clientAddress the client's IPv4 address, first byte in the highest bits
 * @param serverAddress the virtual address, likewise
 */
public record TcpTuple(int clientAddress, int clientPort, int serverAddress, int serverPort) {
    private static final String ARROW = "->";

    public TcpTuple {
        if ((clientPort & ~0xffff) != 0 || (serverPort & ~0xffff) != 0) {
            throw new IllegalArgumentException("not a port: " + clientPort + " or " + serverPort);
        }
    }

    /** Address and port in one number: half of the key of a {@link TupleMap}. */
    public static long endpoint(int address, int port) {
        return (address & 0xffffffffL) << 16 | port;
    }

    /** The tuple two endpoints stand for. */
    public static TcpTuple ofEndpoints(long client, long server) {
        return new TcpTuple((int) (client >>> 16), (int) (client & 0xffff), (int) (server >>> 16), (int) (server & 0xffff));
    }

    public long client() {
        return endpoint(clientAddress, clientPort);
    }

    public long server() {
        return endpoint(serverAddress, serverPort);
    }

    /** Reads what {@link #toString} writes. */
    @JsonCreator
    public static TcpTuple parse(String text) {
        int arrow = text.indexOf(ARROW);
        if (arrow < 0) {
            throw new IllegalArgumentException("not a connection: " + text);
        }
        return ofEndpoints(parseEndpoint(text.substring(0, arrow)), parseEndpoint(text.substring(arrow + ARROW.length())));
    }

    private static long parseEndpoint(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("not an address and port: " + text);
        }
        int port = Integer.parseInt(text.substring(colon + 1));
        if ((port & ~0xffff) != 0) {
            throw new IllegalArgumentException("not a port: " + text);
        }
        return endpoint(Ipv4Packet.address(text.substring(0, colon)), port);
    }

    /** The tuple of a segment that a client sent. */
    public static TcpTuple of(TcpView segment) {
        Ipv4Packet packet = segment.packet();
        return new TcpTuple(packet.source(), segment.sourcePort(), packet.destination(), segment.destinationPort());
    }

    @JsonValue
    @Override
    public String toString() {
        return Ipv4Packet.text(clientAddress) + ":" + clientPort + ARROW + Ipv4Packet.text(serverAddress) + ":" + serverPort;
    }
}
