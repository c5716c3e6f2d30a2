package io.holdfast.node.service;

import io.holdfast.capture.EgressLease;
import io.holdfast.node.config.LeaseConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Owned by its own thread, which is the only one that touches the kernel's lease; other threads leave wishes.
 *
 * <p>A lease is worth {@code durationMs} from the moment the heartbeat that a majority answered was <em>sent</em>, so
 * whatever delays this thread only makes it shorter (I2). When the kernel's timer was faster, the lease stays lapsed
 * until a heartbeat sent after that was noticed is answered: a process that slept through its lease cannot revive it
 * with what it knew before.
 */
final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** What the kernel is to allow. */
    enum Right {
        /** Nothing: neither packets nor ARP with the virtual address. */
        NONE,
        /** ARP only: the address is being taken, the workload must still be silent. */
        CLAIM,
        /** Both. */
        LEASE
    }

    private final EgressLease kernel;
    private final LeaseConfig config;
    private final Thread thread;
    private volatile Evidence evidence = new Evidence(-1, System.nanoTime());
    private volatile Wish wish = new Wish(Right.NONE, -1);
    private volatile Wish done;
    private volatile boolean held;
    private volatile boolean running = true;
    private volatile long lapses; // written by the lease thread alone
    private volatile RuntimeException failure;
    private boolean claimed;
    private long notBefore = System.nanoTime();

    private record Evidence(long term, long sentNanos) {
    }

    private record Wish(Right right, long term) {
    }

    LeaseKeeper(String service, EgressLease kernel, LeaseConfig config) {
        this.kernel = kernel;
        this.config = config;
        this.thread = new Thread(this::run, "lease-" + service);
        this.thread.setDaemon(true);
        this.thread.setPriority(Thread.MAX_PRIORITY);
        this.done = wish;
    }

    void start() {
        thread.start();
    }

    /** Any thread: a majority answered in {@code term} the heartbeat this node sent at {@code sentNanos}. */
    void onEvidence(long term, long sentNanos) {
        evidence = new Evidence(term, sentNanos);
        LockSupport.unpark(thread);
    }

    /** Any thread: gives everything back as soon as the lease thread runs; does not wait. */
    void giveBack() {
        wish = new Wish(Right.NONE, -1);
        LockSupport.unpark(thread);
    }

    /**
     * Agent thread: asks for a right in a term and waits until the kernel has it.
     *
     * @param worthWaiting asked meanwhile; the wait ends when it is false
     * @return false when it was not in force within {@code timeoutMs}, for want of fresh evidence
     */
    boolean ask(Right right, long term, long timeoutMs, BooleanSupplier worthWaiting) {
        Wish asked = new Wish(right, term);
        wish = asked;
        LockSupport.unpark(thread);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (done != asked && System.nanoTime() - deadline < 0 && failure == null && worthWaiting.getAsBoolean()) {
            LockSupport.parkNanos(100_000);
        }
        if (failure != null) {
            throw failure;
        }
        return done == asked;
    }

    /** Whether the kernel lets the workload send, as far as this process knows. */
    boolean held() {
        return held;
    }

    /** How often a lease ran out while it was wanted. */
    long lapses() {
        return lapses;
    }

    private void run() {
        while (running) {
            try {
                turn();
            } catch (RuntimeException e) {
                // The kernel ends what stands by itself; the agent hears of it with its next wish.
                LOG.error("the egress lease cannot be kept; the kernel lets it lapse", e);
                failure = e;
                held = false;
                return;
            }
            LockSupport.parkNanos(IDLE_NANOS);
        }
    }

    private void turn() {
        Wish wanted = wish;
        if (wanted.right() == Right.NONE) {
            drop(wanted);
            return;
        }
        Evidence seen = evidence;
        long untilNanos = seen.sentNanos() + TimeUnit.MILLISECONDS.toNanos(config.durationMs());
        boolean worthIt = untilNanos - System.nanoTime() > TimeUnit.MILLISECONDS.toNanos(EgressLease.MIN_GRANT_MS);
        if (seen.term() != wanted.term() || !worthIt || seen.sentNanos() - notBefore < 0) {
            return;
        }
        keepClaim(untilNanos);
        if (wanted.right() == Right.LEASE) {
            keepLease(untilNanos);
        } else if (held) {
            kernel.revokeLease();
            held = false;
        }
        if (claimed && held == (wanted.right() == Right.LEASE)) {
            done = wanted;
        }
    }

    private void keepClaim(long untilNanos) {
        claimed = claimed && kernel.renewClaimUntil(untilNanos) || kernel.grantClaimUntil(untilNanos);
    }

    private void keepLease(long untilNanos) {
        if (!held) {
            held = kernel.grantLeaseUntil(untilNanos);
        } else if (!kernel.renewLeaseUntil(untilNanos)) {
            held = false;
            lapses++;
            notBefore = System.nanoTime();
            LOG.warn("the egress lease ran out before it was renewed; waiting for a fresh majority");
        }
    }

    private void drop(Wish wanted) {
        if (done == wanted) {
            return;
        }
        kernel.revokeLease();
        kernel.revokeClaim();
        held = false;
        claimed = false;
        done = wanted;
    }

    /** Gives everything back and ends the thread. */
    @Override
    public void close() {
        if (failure == null && thread.isAlive()) {
            ask(Right.NONE, -1, 1_000, () -> true);
        }
        running = false;
        LockSupport.unpark(thread);
        try {
            thread.join(1_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
