package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;

/** Has a thread of its own: proposes to whoever leads, and remembers what was promised to be committed. */
final class LoadOn implements AutoCloseable {
    private static final int IN_FLIGHT = 64;

    private final TestCluster cluster;
    private final List<String> promised = new ArrayList<>();
    private final Thread thread = new Thread(this::run, "load");
    private volatile boolean stopped;
    private long longestGapNanos;
    private long lastNanos = System.nanoTime();
    private int inFlight;
    private int proposed;

    LoadOn(TestCluster cluster) {
        this.cluster = cluster;
        thread.start();
    }

    private void run() {
        while (!stopped) {
            if (!proposeOne()) {
                LockSupport.parkNanos(100_000);
            }
        }
    }

    private boolean proposeOne() {
        synchronized (this) {
            if (inFlight >= IN_FLIGHT) {
                return false;
            }
        }
        for (TestMember member : List.copyOf(cluster.members)) {
            RaftGroup group = member.group();
            if (group != null && member.leads()) {
                String body = "load" + proposed++;
                synchronized (this) {
                    inFlight++;
                }
                CompletableFuture<Long> index = group.propose(Command.encode(EntryKind.EVENT, 0, 1, body.getBytes()));
                index.whenComplete((at, failure) -> settled(body, failure));
                return true;
            }
        }
        return false;
    }

    private synchronized void settled(String body, Throwable failure) {
        inFlight--;
        if (failure == null) {
            promised.add(body);
            long now = System.nanoTime();
            longestGapNanos = Math.max(longestGapNanos, now - lastNanos);
            lastNanos = now;
        }
    }

    synchronized long committed() {
        return promised.size();
    }

    /** The longest time without a commit since this was asked before, the one that lasts included. */
    synchronized long takeLongestGapMs() {
        long longest = Math.max(longestGapNanos, System.nanoTime() - lastNanos);
        longestGapNanos = 0;
        return longest / 1_000_000;
    }

    synchronized List<String> promised() {
        return List.copyOf(promised);
    }

    void stop() throws InterruptedException {
        stopped = true;
        thread.join();
        TestCluster.eventually().until(() -> {
            synchronized (this) {
                return inFlight == 0;
            }
        });
    }

    @Override
    public void close() throws InterruptedException {
        stopped = true;
        thread.join();
    }
}
