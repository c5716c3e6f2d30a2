package io.holdfast.consensus;

import java.net.InetAddress;
import java.util.Objects;

/**
 * A member of the group: its name is its raft_id and stays the same over restarts.
 *
 * @param port the TCP port the group's transport listens on; the only one a group uses on a node
 */
public record Member(String name, InetAddress address, int port) {
    public Member {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(address, "address");
        if (name.isBlank() || name.length() > 100) {
            throw new IllegalArgumentException("a member's name has 1 to 100 characters: '" + name + "'");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port of member " + name + " is not a port: " + port);
        }
    }
}
