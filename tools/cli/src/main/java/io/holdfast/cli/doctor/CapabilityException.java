package io.holdfast.cli.doctor;

/** A capability is there but does not do what a node needs of it. */
public final class CapabilityException extends RuntimeException {

    CapabilityException(String message) {
        super(message);
    }
}
