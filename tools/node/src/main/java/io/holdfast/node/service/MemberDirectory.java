package io.holdfast.node.service;

import io.holdfast.consensus.Member;
import io.holdfast.node.config.ClusterMember;
import io.holdfast.node.config.NodeConfig;

import java.util.ArrayList;
import java.util.List;

/**
 * Any thread: where the other nodes' admin endpoints are. Who is a member the journal says; the configuration file names
 * only those that were there when it was written.
 */
final class MemberDirectory {
    private final NodeConfig node;
    private volatile ServiceReplica replica;

    MemberDirectory(NodeConfig node) {
        this.node = node;
    }

    void connect(ServiceReplica joined) {
        replica = joined;
    }

    /** The voting members, or, before the group is joined, those of the file. */
    List<ClusterMember> members() {
        ServiceReplica from = replica;
        if (from == null || !from.hasJoined()) {
            return node.cluster();
        }
        List<ClusterMember> members = new ArrayList<>();
        from.members().forEach(m -> members.add(endpoint(m, from)));
        return members;
    }

    /** The others among them. */
    List<ClusterMember> others() {
        return members().stream().filter(m -> !m.name().equals(node.self().name())).toList();
    }

    /** A member, or a node that the file names; null when there is none of this name. */
    ClusterMember find(String name) {
        return members().stream().filter(m -> m.name().equals(name)).findFirst().orElseGet(() -> configured(name));
    }

    private ClusterMember endpoint(Member member, ServiceReplica from) {
        Integer announced = from.history().adminPort(member.name());
        ClusterMember known = configured(member.name());
        int port = announced != null ? announced : known != null ? known.adminPort() : node.self().adminPort();
        return new ClusterMember(member.name(), member.address(), port);
    }

    private ClusterMember configured(String name) {
        return node.cluster().stream().filter(m -> m.name().equals(name)).findFirst().orElse(null);
    }
}
