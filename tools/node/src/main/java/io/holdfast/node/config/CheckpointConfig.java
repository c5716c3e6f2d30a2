package io.holdfast.node.config;

/**
 * When checkpoints are taken and how many are kept. Immutable.
 *
 * @param policy        CRIU, or none: an elected standby then starts afresh and replays from the first entry
 * @param criu          path of the CRIU command
 * @param intervalMs    a mark this long after the last one, unless nothing was journaled since
 * @param maxEntries    a mark after this many entries since the last one, whichever comes first
 * @param keep          ready checkpoints a node keeps
 * @param maxImageBytes a larger checkpoint is refused and reported
 */
public record CheckpointConfig(Policy policy, String criu, long intervalMs, long maxEntries, int keep,
                               long maxImageBytes) {

    /** How the state of the workload is kept. */
    public enum Policy {
        /** Process image by CRIU, data directories copied at the same instant. */
        CRIU,
        /** No image: replay from the first entry into a fresh workload. */
        NONE
    }
}
