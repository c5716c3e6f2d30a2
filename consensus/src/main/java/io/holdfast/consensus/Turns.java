package io.holdfast.consensus;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Any thread: who may touch the group's state just now. The runner takes turn after turn; a thread that has something
 * to propose takes one instead when the runner sleeps.
 *
 * <p>Doing the runner's work costs a few microseconds, waking it for that costs it and the machine several times as
 * much (measured: ADR 0003), and the entry leaves the later for it.
 */
final class Turns {
    /** What the runner does in a turn. */
    interface Work {
        /** Returns for how many nanoseconds nothing is due. */
        long take() throws Exception;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private Throwable failed;

    /** Throws what a turn of somebody else's threw before: what comes of it is the runner's to decide. */
    long runnerTurn(Work work) throws Exception {
        lock.lock();
        try {
            if (failed != null) {
                throw new IllegalStateException("a turn taken by a proposer failed: " + failed, failed);
            }
            return work.take();
        } finally {
            lock.unlock();
        }
    }

    /** Does what remains when a turn has failed, or before the end. */
    void last(Runnable work) {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Does {@code work}, which says whether it left nothing to the runner. Never waits.
     *
     * @return false when somebody has the turn, or when the runner has something to do now
     */
    boolean tryTurn(BooleanSupplier work) {
        if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
            return false; // in the first case a listener proposes in the runner's own turn
        }
        try {
            return failed == null && work.getAsBoolean();
        } catch (Throwable t) {
            failed = t;
            return false;
        } finally {
            lock.unlock();
        }
    }
}
