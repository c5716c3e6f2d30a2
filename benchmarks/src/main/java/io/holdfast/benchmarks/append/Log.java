package io.holdfast.benchmarks.append;

/** A log that is open and takes the same batch of entries again and again. Owned by the benchmark's thread. */
interface Log extends AutoCloseable {

    /** One batch, as durable as was asked for when this returns. */
    void append();

    @Override
    void close() throws Exception;
}
