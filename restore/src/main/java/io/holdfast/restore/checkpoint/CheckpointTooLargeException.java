package io.holdfast.restore.checkpoint;

/** A checkpoint would be larger than the operator allows (I9); the workload runs on without it. */
public final class CheckpointTooLargeException extends RuntimeException {
    public CheckpointTooLargeException(String message) {
        super(message);
    }
}
