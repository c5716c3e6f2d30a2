package io.holdfast.consensus;

/** The group cannot start or go on; the message says why. */
public final class GroupException extends RuntimeException {
    GroupException(String message) {
        super(message);
    }

    GroupException(String message, Throwable cause) {
        super(message, cause);
    }
}
