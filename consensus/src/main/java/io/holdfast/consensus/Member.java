package io.holdfast.consensus;

import java.net.InetAddress;
import java.util.List;
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

    /**
     * The members that an entry states, from its body: {@code TERM_START} does, and {@code GROUP_INTERNAL} when they change.
     *
     * @throws IllegalStateException when the body is damaged
     */
    public static List<Member> statedIn(byte[] buffer, int bodyOffset, int bodyLength) {
        return bodyLength == 0 ? List.of() : Configuration.decode(buffer, bodyOffset, bodyLength).members();
    }
}
