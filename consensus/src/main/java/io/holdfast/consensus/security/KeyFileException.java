package io.holdfast.consensus.security;

import java.nio.file.Path;

/** A key file that cannot be used: which one, why, and what to do about it. */
public final class KeyFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KeyFileException(Path file, String problem) {
        super("key file " + file + " " + problem);
    }

    KeyFileException(Path file, String problem, Throwable cause) {
        super("key file " + file + " " + problem, cause);
    }
}
