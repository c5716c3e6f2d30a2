package io.holdfast.benchmarks.protect;

import io.holdfast.cli.testbed.Testbed;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A Redis that answers at the virtual address of a testbed of its own, in one way of running it. */
interface Subject extends AutoCloseable {

    int LOG_LINES = 15;

    String label();

    Testbed testbed();

    /** How many replicas a client must ask {@code WAIT} for; 0 where the write is safe once it is answered. */
    default int replicas() {
        return 0;
    }

    /** How many takeovers there have been; a measurement that one fell into says nothing of steady state. */
    default long takeovers() throws InterruptedException {
        return 0;
    }

    /** The processes that serve, by what they are. */
    Map<String, List<Long>> processes();

    /** How the logs of the machines end, for whoever must find out why something went wrong. */
    default String logTails() {
        return testbed().machines().stream().map(machine -> machine.name() + ":\n" + machine.logTail(LOG_LINES))
                .collect(Collectors.joining("\n"));
    }

    @Override
    default void close() {
        testbed().close();
    }
}
