package io.holdfast.restore.checkpoint;

import java.nio.file.Path;

/** CRIU could not do what it was told; the message holds what it said last, and where the rest of it is kept. */
public final class CriuException extends RuntimeException {
    private final Path log;

    /** @param log CRIU's log, or null when there is none */
    public CriuException(String message, Path log, Throwable cause) {
        super(message, cause);
        this.log = log;
    }

    public CriuException(String message, Path log) {
        this(message, log, null);
    }

    /** Null when CRIU did not get as far as writing one. */
    public Path log() {
        return log;
    }
}
