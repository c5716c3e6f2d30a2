package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;

/** A client's namespace with a bridge in it, and nodes' namespaces on that bridge. */
final class Scene implements AutoCloseable {
    static final String VIP = "10.98.0.100";
    static final int VIP_ADDRESS = Ipv4Packet.address(VIP);
    static final String CLIENT = "10.98.0.1";
    static final String LINK = "out0";
    final Namespace client = new Namespace("c");

    Scene() {
        client.run("ip", "link", "add", "br0", "type", "bridge");
        client.run("ip", "addr", "add", CLIENT + "/24", "dev", "br0");
        client.run("ip", "link", "set", "br0", "up");
    }

    /** Adds a node's namespace with an address of its own; the virtual address is not on it. */
    Namespace node(int number) {
        Namespace node = new Namespace("n" + number);
        client.run("ip", "link", "add", "port" + number, "type", "veth", "peer", "name", LINK, "netns", node.name());
        client.run("ip", "link", "set", "port" + number, "master", "br0", "up");
        node.run("ip", "addr", "add", "10.98.0." + (10 + number) + "/24", "dev", LINK);
        node.run("ip", "link", "set", LINK, "up");
        return node;
    }

    @Override
    public void close() {
        client.close();
    }
}
