package io.holdfast.node.config;

import java.net.InetAddress;

/**
 * One node of the cluster as every node's file names it.
 *
 * @param name      unique in the cluster
 * @param address   IPv4 address of the node for group, image and admin traffic
 * @param adminPort TCP port of the admin endpoint on that address
 */
public record ClusterMember(String name, InetAddress address, int adminPort) {
}
