package io.holdfast.cli.inspect.reexecute;

/** Why there is no sandbox, or nothing can be re-executed in it; the message is for the operator. */
final class SandboxException extends RuntimeException {
    SandboxException(String message) {
        super(message);
    }

    SandboxException(String message, Throwable cause) {
        super(message, cause);
    }
}
