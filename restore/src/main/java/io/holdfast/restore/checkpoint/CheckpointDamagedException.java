package io.holdfast.restore.checkpoint;

/** A checkpoint is not what was committed, or its manifest is not one; it must not be used (I8). */
public final class CheckpointDamagedException extends RuntimeException {
    public CheckpointDamagedException(String message) {
        super(message);
    }

    public CheckpointDamagedException(String message, Throwable cause) {
        super(message, cause);
    }
}
