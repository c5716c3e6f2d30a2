package io.holdfast.benchmarks.append;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Owned by the benchmark's thread, with one of its own: a log whose file is forced beside the appends, again and again with a
 * pause in between. A force that fails is thrown by the next append.
 */
final class ForcedBeside implements Log {
    private final Log log;
    private final FileChannel file;
    private final int pauseMs;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final Thread thread = new Thread(this::run, "bench-force");
    private volatile Exception failure;

    ForcedBeside(Log log, Path file, int pauseMs) throws IOException {
        this.log = log;
        this.file = FileChannel.open(file, StandardOpenOption.WRITE);
        this.pauseMs = pauseMs;
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (!ending.await(pauseMs, TimeUnit.MILLISECONDS)) {
                file.force(false);
            }
        } catch (IOException | InterruptedException e) {
            failure = e;
        }
    }

    @Override
    public void append() {
        if (failure != null) {
            throw new IllegalStateException("forcing beside failed", failure);
        }
        log.append();
    }

    @Override
    public void close() throws Exception {
        ending.countDown();
        thread.join();
        file.close();
        log.close();
    }
}
