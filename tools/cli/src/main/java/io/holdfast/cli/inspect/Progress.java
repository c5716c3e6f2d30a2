package io.holdfast.cli.inspect;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Owned by the thread that works: says on a terminal how far long work has come; nothing at all anywhere else. What another
 * process does is shown by a thread of its own, as the seconds it takes.
 */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 30;
    private static final int ASK_CLOCK_EVERY = 4096;
    private static final long SHOW_EVERY_NANOS = 100_000_000;
    /** Work that is done by then needs no bar. */
    private static final long QUIET_NANOS = 200_000_000;
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    private final PrintWriter terminal;
    private final long total;
    private final long beganNanos = System.nanoTime();
    private long shownNanos = beganNanos;
    private long done;
    private volatile boolean shown;
    private final CountDownLatch ended = new CountDownLatch(1);

    private Progress(PrintWriter terminal, long total) {
        this.terminal = terminal;
        this.total = total;
    }

    /** @param total how many steps the work has; 0 when nobody knows */
    public static Progress on(PrintWriter standardError, long total) {
        return new Progress(isTerminal() ? standardError : null, total);
    }

    /** Work that somebody else does: shows how long it takes until it is closed. */
    public static Progress waiting(PrintWriter standardError, String what) {
        Progress progress = on(standardError, 0);
        if (progress.terminal != null) {
            Thread ticker = new Thread(() -> progress.tick(what), "progress");
            ticker.setDaemon(true);
            ticker.start();
        }
        return progress;
    }

    private void tick(String what) {
        try {
            while (!ended.await(1, TimeUnit.SECONDS)) {
                shown = true;
                terminal.print("\r" + what + ", " + (System.nanoTime() - beganNanos) / 1_000_000_000L + " s  ");
                terminal.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(STANDARD_ERROR).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false; // nobody to show it to
        }
    }

    /** One step more. */
    public void step() {
        done++;
        if (terminal != null && done % ASK_CLOCK_EVERY == 0) {
            show(System.nanoTime());
        }
    }

    private void show(long now) {
        if (now - beganNanos < QUIET_NANOS || now - shownNanos < SHOW_EVERY_NANOS) {
            return;
        }
        shownNanos = now;
        shown = true;
        double seconds = (now - beganNanos) / 1e9;
        String rate = String.format(Locale.ROOT, "%,d, %,.0f a second", done, done / seconds);
        if (total > 0) {
            int filled = (int) Math.min(WIDTH, WIDTH * done / total);
            terminal.print("\r[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] " + Math.min(100, 100 * done / total) + " %  " + rate
                    + "  ");
        } else {
            terminal.print("\r" + rate + "  ");
        }
        terminal.flush();
    }

    /** Takes the bar away, so that what is printed next stands alone. */
    @Override
    public void close() {
        ended.countDown();
        if (shown) {
            terminal.print("\r\033[K");
            terminal.flush();
        }
    }
}
