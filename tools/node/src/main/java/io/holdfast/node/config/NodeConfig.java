package io.holdfast.node.config;

import java.nio.file.Path;
import java.util.List;

/**
 * Everything a node was told, validated whole before anything starts. Immutable.
 *
 * @param self     this node's own entry of {@code cluster}
 * @param dataDir  absolute directory that holds journals, votes and checkpoints of every service
 * @param cluster  every node of the cluster, this one included, in the order of the file
 * @param security how nodes are told from strangers
 * @param services the services this node takes part in, at least one
 * @param joining  the groups of its services exist and are to let this node in at run time
 */
public record NodeConfig(ClusterMember self, Path dataDir, List<ClusterMember> cluster, SecurityConfig security,
                         List<ServiceConfig> services, boolean joining) {

    public NodeConfig {
        cluster = List.copyOf(cluster);
        services = List.copyOf(services);
    }

    /** Directory of one service below {@link #dataDir}. */
    public Path serviceDir(ServiceConfig service) {
        return dataDir.resolve(service.name());
    }
}
