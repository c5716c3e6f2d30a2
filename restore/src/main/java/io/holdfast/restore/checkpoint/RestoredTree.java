package io.holdfast.restore.checkpoint;

/**
 * A process tree that runs again.
 *
 * @param pid    its first process, as the node sees it
 * @param micros how long that took
 */
public record RestoredTree(long pid, long micros) {
}
