package io.holdfast.restore.replay;

/**
 * How patient and how strict a replay is; immutable.
 *
 * @param strictOrder whether the workload must have read what one connection sent before another connection's bytes
 *     follow, so that it meets requests in index order; without it only the order within connections is certain
 * @param holdMs how long to wait for the clone to send what the client acknowledges, beyond the time the primary took
 * @param consumeMs how long to wait for the workload to read. Once it has not in that time, a connection is waited for no
 *     more until it is read again: some workloads let bytes lie on purpose. Each such case is counted.
 */
public record ReplayOptions(boolean strictOrder, int holdMs, int consumeMs) {
    public static final ReplayOptions DEFAULT = new ReplayOptions(true, 500, 200);

    public ReplayOptions {
        if (holdMs < 0 || consumeMs < 0) {
            throw new IllegalArgumentException("a wait cannot be negative");
        }
    }
}
