package io.holdfast.node.config;

/**
 * Timing of the right to send with the virtual address. Immutable.
 *
 * @param durationMs  how long a lease lasts from the heartbeat that earned it
 * @param heartbeatMs how often the primary asks the group to confirm it
 * @param marginMs    what a new primary waits beyond an old lease's end, for clock drift and timer granularity
 */
public record LeaseConfig(long durationMs, long heartbeatMs, long marginMs) {
}
