package io.holdfast.cli.testbed;

/** A testbed could not be made, driven or removed. */
public class TestbedException extends RuntimeException {

    public TestbedException(String message) {
        super(message);
    }

    public TestbedException(String message, Throwable cause) {
        super(message, cause);
    }
}
