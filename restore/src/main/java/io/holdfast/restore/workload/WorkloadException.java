package io.holdfast.restore.workload;

/** The workload could not be started, stopped or looked at; the message says which and why. */
public final class WorkloadException extends RuntimeException {
    public WorkloadException(String message) {
        super(message);
    }

    public WorkloadException(String message, Throwable cause) {
        super(message, cause);
    }
}
