package io.holdfast.consensus;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Given work by whoever has the turn, done on one thread of its own, taken back by the runner: the slow parts of TLS
 * handshakes, which would otherwise hold up heartbeats.
 */
final class Handshakes implements AutoCloseable {
    private static final long IDLE_SECONDS = 10;

    private final ThreadPoolExecutor thread;
    private final Queue<Link> done = new ConcurrentLinkedQueue<>();
    private final Runnable wake;

    /** @param wake called when something is done */
    Handshakes(String name, Runnable wake) {
        this.wake = wake;
        thread = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread worker = new Thread(work, name);
            worker.setDaemon(true);
            return worker;
        });
        thread.allowCoreThreadTimeOut(true);
    }

    void work(Link link, Runnable part) {
        thread.execute(() -> {
            try {
                if (link.isAlive()) { // not for one that was turned away while it waited
                    part.run();
                }
            } finally {
                done.add(link);
                wake.run();
            }
        });
    }

    /** A link on whose handshake the runner can go on, or null. */
    Link poll() {
        return done.poll();
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
