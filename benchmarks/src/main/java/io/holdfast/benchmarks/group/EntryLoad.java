package io.holdfast.benchmarks.group;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Offers entries to a leader and takes the time until each is known to be committed there. The offering thread owns it;
 * the contender's own thread reports commits.
 *
 * <p>At a rate, time counts from when an entry was due, not from when it could be offered: a stall shows in all the entries
 * that came late by it, not in one (coordinated omission).
 */
final class EntryLoad {
    /** At the end of each entry. Zero is none of ours. */
    static final int SEQUENCE_BYTES = Long.BYTES;

    private static final VarHandle SEQUENCE = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int RING = 1 << 20;
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final long DRAIN_NANOS = 30_000_000_000L;
    /** The kernel wakes a parked thread so much late; the rest is waited for awake. */
    private static final long SLACK_NANOS = 80_000;

    private final long[] due = new long[RING];
    /** Numbers no other process of the group gives, so that members can be asked for the newest they have seen. */
    private long offered = System.nanoTime();
    private volatile boolean loaded;
    private volatile long committed = offered;
    private volatile long awaited = Long.MAX_VALUE;
    private volatile Thread waiter;
    private volatile long lastNanos;
    private volatile Histogram latency = fresh();

    private static Histogram fresh() {
        return new Histogram(1_000, LONGEST_NANOS, 3);
    }

    static long sequence(byte[] entry, int offset, int length) {
        return (long) SEQUENCE.get(entry, offset + length - SEQUENCE_BYTES);
    }

    /** Called by the contender, in order. */
    void committed(byte[] entry, int offset, int length) {
        long sequence = sequence(entry, offset, length);
        if (!loaded || sequence != committed + 1) {
            return;   // offered on another member, or from before this one led
        }
        long now = System.nanoTime();
        latency.recordValue(Math.max(0, Math.min(now - due[(int) sequence & RING - 1], LONGEST_NANOS)));
        lastNanos = now;
        committed = sequence;
        if (sequence >= awaited) {
            LockSupport.unpark(waiter);
        }
    }

    /** Null when the lead or an entry was lost on the way. */
    LoadOutcome run(Contender contender, LoadShape shape) {
        byte[] entry = Command.encode(EntryKind.EVENT, 0, 1, new byte[shape.bytes() - Command.HEADER_BYTES]);
        latency = fresh();
        waiter = Thread.currentThread();
        loaded = true;
        long first = offered;
        long start = System.nanoTime();
        long end = start + shape.millis() * 1_000_000L;
        boolean kept = shape.perSecond() > 0 ? byTheClock(contender, shape, entry, start, end)
                : byCount(contender, shape.inFlight(), entry, end);
        contender.flush();
        if (!kept || !awaitCommitted(offered, System.nanoTime() + DRAIN_NANOS)) {
            return null;
        }
        return new LoadOutcome(offered - first, lastNanos - start, latency);
    }

    private boolean byTheClock(Contender contender, LoadShape shape, byte[] entry, long start, long end) {
        for (long i = 0; ; i++) {
            long at = start + i * 1_000_000_000L / shape.perSecond();
            if (at >= end) {
                return true;
            }
            if (System.nanoTime() < at) {
                contender.flush();
                awaitTime(at);
            }
            if (!offer(contender, entry, at)) {
                return false;
            }
        }
    }

    private boolean byCount(Contender contender, int inFlight, byte[] entry, long end) {
        while (System.nanoTime() < end) {
            if (offered - committed >= inFlight) {
                contender.flush();
                // Half of them back before more are offered: a wake-up for each would be most of the work.
                if (!awaitCommitted(offered - inFlight / 2, System.nanoTime() + DRAIN_NANOS)) {
                    return false;
                }
            }
            if (!offer(contender, entry, System.nanoTime())) {
                return false;
            }
        }
        return true;
    }

    private boolean offer(Contender contender, byte[] entry, long dueNanos) {
        long sequence = offered + 1;
        due[(int) sequence & RING - 1] = dueNanos;
        SEQUENCE.set(entry, entry.length - SEQUENCE_BYTES, sequence);
        if (sequence - committed >= RING) {
            return false;
        }
        offered = sequence;
        while (!contender.offer(entry)) {
            contender.flush();
            if (!contender.leading()) {
                offered = sequence - 1;
                return false;
            }
            LockSupport.parkNanos(20_000);
        }
        return true;
    }

    private static void awaitTime(long at) {
        for (long now = System.nanoTime(); now < at; now = System.nanoTime()) {
            if (at - now > SLACK_NANOS) {
                LockSupport.parkNanos(at - now - SLACK_NANOS);
            } else {
                Thread.yield();
            }
        }
    }

    private boolean awaitCommitted(long sequence, long deadline) {
        awaited = sequence;
        while (committed < sequence) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        awaited = Long.MAX_VALUE;
        return true;
    }
}
