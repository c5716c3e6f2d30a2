package io.holdfast.node.admin;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Owned by the thread that answers: whoever does not take what is written within a bound is given up. The sockets of the JDK
 * bound reading only; a thread that writes to somebody who does not read waits for as long as the other one likes.
 */
final class PatientOutput extends FilterOutputStream {
    /** The bound is for so much at once: an image takes as long as it takes while it moves on. */
    private static final int PIECE_BYTES = 64 << 10;

    private final ScheduledExecutorService clock;
    private final long boundMs;
    private final Runnable giveUp;

    /** @param giveUp called on the clock's thread; makes the write that is under way fail */
    PatientOutput(OutputStream out, ScheduledExecutorService clock, long boundMs, Runnable giveUp) {
        super(out);
        this.clock = clock;
        this.boundMs = boundMs;
        this.giveUp = giveUp;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int done = 0; done < length; ) {
            int piece = Math.min(PIECE_BYTES, length - done);
            ScheduledFuture<?> bound = clock.schedule(giveUp, boundMs, TimeUnit.MILLISECONDS);
            try {
                out.write(bytes, offset + done, piece);
            } finally {
                bound.cancel(false);
            }
            done += piece;
        }
    }

    /** What TLS says in the end is written too. */
    @Override
    public void close() throws IOException {
        ScheduledFuture<?> bound = clock.schedule(giveUp, boundMs, TimeUnit.MILLISECONDS);
        try {
            super.close();
        } finally {
            bound.cancel(false);
        }
    }
}
