package io.holdfast.consensus;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Written by the runner thread, waited on by any: when it began its work, how long a turn may hold it, and its end. */
final class RunnerLife {
    private static final Logger LOG = LoggerFactory.getLogger(RunnerLife.class);
    private static final long NANOS_PER_MS = 1_000_000;

    private final String self;
    private final String threadName;
    private final long slowTurnNanos;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread thread;

    RunnerLife(GroupConfig config) {
        this.self = config.self();
        this.threadName = "raft-" + config.groupName() + "-" + config.self();
        this.slowTurnNanos = config.electionTimeoutMs() * NANOS_PER_MS / 2;
    }

    /** The runner calls it in front of each turn; true the first time. */
    boolean begins() {
        if (thread != null) {
            return false;
        }
        thread = Thread.currentThread();
        thread.setName(threadName);
        return true;
    }

    /** A turn as long as the others' patience costs the lead: say who held it is to be looked for here. */
    void noticeTurn(long nanos) {
        if (nanos > slowTurnNanos) {
            LOG.warn("{}: the runner was held for {} ms", self, nanos / NANOS_PER_MS);
        }
    }

    void over() {
        ended.countDown();
    }

    boolean isOver() {
        return ended.getCount() == 0;
    }

    /** Any thread but the runner: waits until the last turn is over. */
    void awaitEnd() {
        if (thread == null || Thread.currentThread() == thread) {
            return;
        }
        boolean interrupted = false;
        boolean over = false;
        while (!over) {
            try {
                over = ended.await(10, TimeUnit.SECONDS);
                if (!over) {
                    LOG.error("{}: the runner thread does not end; a listener or the disk holds it", self);
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
