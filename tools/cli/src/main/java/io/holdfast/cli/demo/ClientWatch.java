package io.holdfast.cli.demo;

import io.holdfast.cli.demo.ClientReport.Pause;
import io.holdfast.cli.demo.Timeline.Tone;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Asks the client again and again what it sees, keeps every pause, and tells the timeline when connections wait and
 * when they go on. Owned by its own thread while it runs; any thread may read.
 */
final class ClientWatch implements AutoCloseable {

    private static final long INTERVAL_MS = 100;
    private static final long RATE_WINDOW_NANOS = 600_000_000;
    /** A wait a person should hear of. */
    private static final long WAIT_NANOS = 100_000_000;

    private record Sample(long atNanos, long answers) {
    }

    private final ClientProcess client;
    private final Timeline timeline;
    private final Thread thread;
    private final List<Pause> pauses = new ArrayList<>();
    private final Deque<Sample> samples = new ArrayDeque<>();
    private ClientReport latest;
    private boolean waiting;
    private RuntimeException failure;
    private volatile boolean closed;

    ClientWatch(ClientProcess client, Timeline timeline) {
        this.client = client;
        this.timeline = timeline;
        this.thread = new Thread(this::watch, "client-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        try {
            while (!closed) {
                narrate(take(client.report()));
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            synchronized (this) {
                failure = e;
            }
        }
    }

    /** Opens connections; those that cannot be opened count as broken. */
    void open(int count, int depth) {
        take(client.open(count, depth));
    }

    /** Ends the client's work; no report follows this one. */
    ClientReport stop() throws InterruptedException {
        close();
        thread.join();
        return take(client.stop());
    }

    private synchronized ClientReport take(ClientReport report) {
        pauses.addAll(report.pauses());
        samples.addLast(new Sample(report.atNanos(), report.answers()));
        while (samples.size() > 2 && report.atNanos() - samples.peekFirst().atNanos() > RATE_WINDOW_NANOS) {
            samples.removeFirst();
        }
        latest = report;
        notifyAll();
        return report;
    }

    private void narrate(ClientReport report) {
        int waits = report.waitingLongerThan(WAIT_NANOS);
        if (waits > 0 && !waiting) {
            waiting = true;
            timeline.print(Tone.CLIENT, "client: " + waits + " of " + report.connections() + " connections wait");
        } else if (waits == 0 && waiting) {
            waiting = false;
            timeline.print(Tone.GOOD, "client: all " + report.open() + " connections are answered again");
        }
    }

    synchronized ClientReport latest() {
        if (failure != null) {
            throw new DemoFailure("the client: " + failure.getMessage(), failure);
        }
        return latest;
    }

    /** One short line for the timeline. */
    synchronized String column() {
        if (latest == null || latest.connections() == 0) {
            return "";
        }
        Sample first = samples.peekFirst();
        Sample last = samples.peekLast();
        double seconds = Math.max(1e-3, (last.atNanos() - first.atNanos()) / 1e9);
        int waits = latest.waitingLongerThan(WAIT_NANOS);
        String text = String.format(Locale.ROOT, "%d open %,7.0f/s", latest.open(),
                (last.answers() - first.answers()) / seconds);
        if (waits > 0) {
            text += String.format(Locale.ROOT, "  %d wait, %.0f ms", waits, latest.longestWaitNanos() / 1e6);
        }
        if (latest.wrong() + latest.broken() > 0) {
            text += "  wrong " + latest.wrong() + ", broken " + latest.broken();
        }
        return text;
    }

    /** All pauses so far, those that still go on included. */
    synchronized List<Pause> pauses() {
        List<Pause> all = new ArrayList<>(pauses);
        if (latest != null) {
            all.addAll(latest.openPauses());
        }
        return all;
    }

    @Override
    public void close() {
        closed = true;
    }
}
