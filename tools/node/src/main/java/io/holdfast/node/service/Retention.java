package io.holdfast.node.service;

import io.holdfast.journal.Journal;
import io.holdfast.node.config.RetainConfig;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Which entries of a journal are too many or too old to be kept. Immutable; any thread that may ask the journal. */
final class Retention {
    private final RetainConfig retain;
    private final LongSupplier epochNanos;

    /** @param epochNanos wall time, as entries carry it */
    Retention(RetainConfig retain, LongSupplier epochNanos) {
        this.retain = retain;
        this.epochNanos = epochNanos;
    }

    /** Whether entries are so much older than they may be that it is worth the work to drop them. */
    boolean isAged(Journal journal) {
        return retain.maxAgeMs() != 0 && journal.indexAt(ago(retain.maxAgeMs() + retain.maxAgeMs() / 8)) > journal.floorIndex() + 1;
    }

    /** Runner: entries before this one may go. */
    long keepFrom(Journal journal) {
        long from = journal.bytesHeld() > retain.keptBytes() ? journal.firstIndexWithin(retain.keptBytes()) : 0;
        return retain.maxAgeMs() == 0 ? from : Math.max(from, journal.indexAt(ago(retain.maxAgeMs())));
    }

    private long ago(long ms) {
        return epochNanos.getAsLong() - TimeUnit.MILLISECONDS.toNanos(ms);
    }
}
