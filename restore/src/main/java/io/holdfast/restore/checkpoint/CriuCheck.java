package io.holdfast.restore.checkpoint;

/**
 * Whether this machine can take and restore checkpoints.
 *
 * @param version empty when CRIU did not say
 * @param reason  why it is not usable; empty when it is
 */
public record CriuCheck(boolean usable, String version, String reason) {
}
