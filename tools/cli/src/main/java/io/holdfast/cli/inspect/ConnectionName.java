package io.holdfast.cli.inspect;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.nio.charset.StandardCharsets;

/**
 * A connection as a person names it: {@code 10.0.0.1:4321} or {@code 10.0.0.1:4321->10.0.0.2:80}. Immutable.
 *
 * @param serverPort -1 when any server is meant
 */
public record ConnectionName(int clientAddress, int clientPort, int serverAddress, int serverPort) {
    private static final String ARROW = "->";

    static final class Converter implements ITypeConverter<ConnectionName> {
        @Override
        public ConnectionName convert(String text) {
            return ConnectionName.parse(text);
        }
    }

    public static ConnectionName parse(String text) {
        try {
            int arrow = text.indexOf(ARROW);
            String client = arrow < 0 ? text : text.substring(0, arrow);
            String server = arrow < 0 ? null : text.substring(arrow + ARROW.length());
            return new ConnectionName(address(client), port(client), server == null ? 0 : address(server),
                    server == null ? -1 : port(server));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new TypeConversionException("'" + text + "' is not CLIENT:PORT or CLIENT:PORT->SERVER:PORT"
                    + " (--peer ADDRESS means all that comes from there)");
        }
    }

    private static int address(String endpoint) {
        return Ipv4Packet.address(endpoint.substring(0, endpoint.indexOf(':')));
    }

    private static int port(String endpoint) {
        int port = Integer.parseInt(endpoint.substring(endpoint.indexOf(':') + 1));
        if ((port & ~0xFFFF) != 0) {
            throw new IllegalArgumentException("not a port: " + port);
        }
        return port;
    }

    public boolean matches(JournalEntry entry, PacketView packet) {
        return packet.kind() == PacketView.Kind.NONE
                ? entry.kind() == EntryKind.CONNECTION_CLOSED && isNamedIn(entry)
                : matches(packet);
    }

    public boolean matches(PacketView packet) {
        return packet.hasPorts() && packet.sourcePort() == clientPort && packet.ip.source() == clientAddress
                && (serverPort < 0 || packet.destinationPort() == serverPort && packet.ip.destination() == serverAddress);
    }

    private boolean isNamedIn(JournalEntry entry) {
        String body = new String(entry.buffer(), entry.bodyOffset(), entry.bodyLength(), StandardCharsets.UTF_8);
        return body.contains('"' + toString() + (serverPort < 0 ? ARROW : "\""));
    }

    @Override
    public String toString() {
        String client = Ipv4Packet.text(clientAddress) + ":" + clientPort;
        return serverPort < 0 ? client : client + ARROW + Ipv4Packet.text(serverAddress) + ":" + serverPort;
    }
}
