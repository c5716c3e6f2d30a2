package io.holdfast.benchmarks.protect;

import io.holdfast.cli.testbed.Testbed;

/** A Redis that answers at the virtual address of a testbed of its own, in one way of running it. */
interface Subject extends AutoCloseable {

    String label();

    Testbed testbed();

    /** How many replicas a client must ask {@code WAIT} for; 0 where the write is safe once it is answered. */
    default int replicas() {
        return 0;
    }

    /** Throws when something happened since the start that makes the figures worthless. */
    default void expectUndisturbed() throws InterruptedException {
    }

    @Override
    default void close() {
        testbed().close();
    }
}
