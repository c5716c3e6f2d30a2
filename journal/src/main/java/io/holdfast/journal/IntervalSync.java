package io.holdfast.journal;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Has a thread of its own, which forces what was appended, again and again with a pause in between, so that the writer never
 * waits for the disk. The first failure ends it and is told; nobody can know what is on the disk after one.
 */
final class IntervalSync implements AutoCloseable {
    /** As {@link Runnable}, and may fail. */
    interface Force {
        void force() throws Exception;
    }

    private static final int CLOSE_SECONDS = 30;

    private final LongSupplier appended;
    private final Force force;
    private final Consumer<Throwable> failed;
    private final int intervalMs;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final Thread thread = new Thread(this::run, "journal-sync");
    private long forced = -1;

    /**
     * @param appended a number that changes with every record
     * @param failed   told why it ended, once
     */
    IntervalSync(int intervalMs, LongSupplier appended, Force force, Consumer<Throwable> failed) {
        this.intervalMs = intervalMs;
        this.appended = appended;
        this.force = force;
        this.failed = failed;
        thread.setDaemon(true);
    }

    IntervalSync start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            while (!ending.await(intervalMs, TimeUnit.MILLISECONDS)) {
                forceNew();
            }
            forceNew();
        } catch (Throwable t) {
            failed.accept(t);
        }
    }

    private void forceNew() throws Exception {
        long before = appended.getAsLong();
        if (before != forced) {
            force.force();
            forced = before;
        }
    }

    /** Forces what is left and waits for that. */
    @Override
    public void close() {
        ending.countDown();
        boolean interrupted = false;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
