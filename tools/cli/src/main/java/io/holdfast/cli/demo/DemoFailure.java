package io.holdfast.cli.demo;

/** The demo cannot go on: something it waited for did not happen, or a node ended by itself. */
final class DemoFailure extends RuntimeException {

    DemoFailure(String message) {
        super(message);
    }

    DemoFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
