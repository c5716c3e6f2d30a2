package io.holdfast.restore.replay;

/**
 * What a service's loopback is made of; immutable.
 *
 * @param device name of the TUN device, at most 15 characters
 * @param virtualAddress the address whose answers it catches
 * @param routingTable number of a routing table of its own
 * @param rulePriority where the rule stands among the routing rules; before that of the main table (32766)
 * @param mtuBytes that of the outside interface, so that segments are cut to the size they will have there
 * @param leastRtoMs the least retransmission timeout of sockets while they answer into the loopback
 */
public record LoopbackConfig(String device, int virtualAddress, int routingTable, int rulePriority, int mtuBytes,
                             int leastRtoMs) {
    public static final int DEFAULT_LEAST_RTO_MS = 20;

    public LoopbackConfig {
        if (routingTable < 1 || routingTable >= 253 && routingTable <= 255) {
            throw new IllegalArgumentException("routing table " + routingTable + " is not free for use");
        }
        if (rulePriority < 1 || rulePriority >= 32766) {
            throw new IllegalArgumentException("rule priority " + rulePriority + " is not between 1 and 32765");
        }
    }

    public LoopbackConfig(String device, int virtualAddress, int routingTable, int mtuBytes) {
        this(device, virtualAddress, routingTable, 100, mtuBytes, DEFAULT_LEAST_RTO_MS);
    }
}
