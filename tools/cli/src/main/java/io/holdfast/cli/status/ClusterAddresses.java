package io.holdfast.cli.status;

import io.holdfast.node.config.ConfigLoader;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where the nodes of a cluster answer, from a node's configuration file or from the command line. Has no state. */
final class ClusterAddresses {

    private static final int DEFAULT_ADMIN_PORT = 7070;

    private ClusterAddresses() {
    }

    /** Node name to admin endpoint, in the order of the file. */
    static Map<String, InetSocketAddress> ofConfig(Path config) {
        Map<String, InetSocketAddress> addresses = new LinkedHashMap<>();
        ConfigLoader.load(config).cluster().forEach(member -> addresses.put(member.name(),
                new InetSocketAddress(member.address(), member.adminPort())));
        return addresses;
    }

    /** From {@code host:port} or {@code host}; the text is the name until the node says its own. */
    static Map<String, InetSocketAddress> ofArguments(List<String> nodes) {
        Map<String, InetSocketAddress> addresses = new LinkedHashMap<>();
        for (String node : nodes) {
            addresses.put(node, parse(node));
        }
        return addresses;
    }

    /** {@code host:port}, or {@code host} with the usual admin port. */
    static InetSocketAddress parse(String node) {
        int colon = node.lastIndexOf(':');
        String host = colon < 0 ? node : node.substring(0, colon);
        String port = colon < 0 ? Integer.toString(DEFAULT_ADMIN_PORT) : node.substring(colon + 1);
        if (host.isEmpty() || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
            throw new IllegalArgumentException("'" + node + "' is not HOST or HOST:PORT");
        }
        return new InetSocketAddress(host, Integer.parseInt(port));
    }
}
