package io.holdfast.consensus;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.PriorityBlockingQueue;
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
    private long parts;

    /** @param wake called when something is done */
    Handshakes(String name, Runnable wake) {
        this.wake = wake;
        thread = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new PriorityBlockingQueue<>(), work -> {
            Thread worker = new Thread(work, name);
            worker.setDaemon(true);
            return worker;
        });
        thread.allowCoreThreadTimeOut(true);
    }

    /** @param first before all that are not, whenever they came: a member does not queue behind strangers */
    void work(Link link, boolean first, Runnable part) {
        thread.execute(new Part(link, first, parts++, part));
    }

    private final class Part implements Runnable, Comparable<Part> {
        private final Link link;
        private final boolean first;
        private final long number;
        private final Runnable part;

        Part(Link link, boolean first, long number, Runnable part) {
            this.link = link;
            this.first = first;
            this.number = number;
            this.part = part;
        }

        @Override
        public int compareTo(Part other) {
            return first != other.first ? first ? -1 : 1 : Long.compare(number, other.number);
        }

        @Override
        public void run() {
            try {
                if (link.isAlive()) { // not for one that was turned away while it waited
                    part.run();
                }
            } finally {
                done.add(link);
                wake.run();
            }
        }
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
