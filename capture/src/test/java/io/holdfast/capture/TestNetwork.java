package io.holdfast.capture;

import io.holdfast.capture.linux.RouteNetlink;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** Two namespaces joined by a veth pair: the node under test, which carries the virtual address, and a client. */
final class TestNetwork implements AutoCloseable {
    static final String NODE = "10.91.0.1";
    static final String CLIENT = "10.91.0.2";
    static final String VIP = "10.91.0.100";
    static final int VIP_ADDRESS = Ipv4Packet.address(VIP);
    static final String LINK = "out0";
    static final int QUEUE = 5;
    static final int PORT = 7000;
    final TestNamespace node = new TestNamespace("n");
    final TestNamespace client = new TestNamespace("c");

    TestNetwork() {
        try {
            node.run("ip", "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns", client.name());
            node.run("ip", "addr", "add", NODE + "/24", "dev", LINK);
            node.run("ip", "addr", "add", VIP + "/24", "dev", LINK);
            client.run("ip", "addr", "add", CLIENT + "/24", "dev", LINK);
            node.run("ip", "link", "set", LINK, "up");
            client.run("ip", "link", "set", LINK, "up");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    RouteNetlink.Link link(TestNamespace where) {
        return where.call(() -> {
            try (RouteNetlink route = new RouteNetlink()) {
                return route.link(LINK);
            }
        });
    }

    /** A UDP receiver on the virtual address. */
    DatagramSocket server() {
        return node.call(() -> {
            DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address(VIP), PORT));
            socket.setReceiveBufferSize(4 << 20);
            return socket;
        });
    }

    DatagramSocket clientSocket() {
        return client.call(() -> {
            DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address(CLIENT), 0));
            socket.connect(new InetSocketAddress(address(VIP), PORT));
            return socket;
        });
    }

    static InetAddress address(String dotted) throws java.net.UnknownHostException {
        return InetAddress.getByName(dotted);
    }

    static void send(DatagramSocket from, String text) throws java.io.IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        from.send(new DatagramPacket(bytes, bytes.length));
    }

    /** The next datagram, or null if none comes in time. */
    static String receive(DatagramSocket at, int waitMs) throws java.io.IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65535], 65535);
        at.setSoTimeout(waitMs);
        try {
            at.receive(packet);
        } catch (SocketTimeoutException e) {
            return null;
        }
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        node.close();
        client.close();
    }
}
