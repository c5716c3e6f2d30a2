package io.holdfast.cli.status;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.openhft.chronicle.wire.WireType;

/** Where the nodes of a cluster answer, from a node's configuration file or from the command line. Has no state. */
final class ClusterAddresses {

    private static final int DEFAULT_ADMIN_PORT = 7070;

    private ClusterAddresses() {
    }

    /** Node name to admin endpoint, in the order of the file. */
    static Map<String, InetSocketAddress> ofConfig(Path config) throws IOException {
        Object document = WireType.YAML_ONLY.fromString(Object.class, Files.readString(config));
        if (!(document instanceof Map<?, ?> map) || !(map.get("cluster") instanceof List<?> members)) {
            throw new IOException(config + " has no list 'cluster'");
        }
        Map<String, InetSocketAddress> addresses = new LinkedHashMap<>();
        for (Object member : members) {
            if (!(member instanceof Map<?, ?> fields) || fields.get("name") == null
                    || fields.get("address") == null) {
                throw new IOException(config + ": a member of 'cluster' needs name and address: " + member);
            }
            Object port = fields.get("adminPort");
            addresses.put(fields.get("name").toString(), new InetSocketAddress(fields.get("address").toString(),
                    port == null ? DEFAULT_ADMIN_PORT : Integer.parseInt(port.toString())));
        }
        return addresses;
    }

    /** From {@code host:port} or {@code host}; the text is the name until the node says its own. */
    static Map<String, InetSocketAddress> ofArguments(List<String> nodes) {
        Map<String, InetSocketAddress> addresses = new LinkedHashMap<>();
        for (String node : nodes) {
            int colon = node.lastIndexOf(':');
            String host = colon < 0 ? node : node.substring(0, colon);
            int port = colon < 0 ? DEFAULT_ADMIN_PORT : Integer.parseInt(node.substring(colon + 1));
            addresses.put(node, new InetSocketAddress(host, port));
        }
        return addresses;
    }
}
