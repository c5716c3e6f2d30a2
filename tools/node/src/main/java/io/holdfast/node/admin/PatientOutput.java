package io.holdfast.node.admin;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Owned by the thread that answers: whoever does not take what is written within a bound, or takes it slower in all than at a
 * least rate, is given up. The sockets of the JDK bound reading only; a thread that writes to somebody who does not read
 * waits for as long as the other one likes, and for nearly as long for one who takes a little just in time.
 */
final class PatientOutput extends FilterOutputStream {
    /** How long may be waited. */
    record Patience(long pieceMs, long leastBytesPerSecond) {
        /** In all, once so much was taken. */
        long nanosFor(long takenBytes) {
            return TimeUnit.MILLISECONDS.toNanos(pieceMs) + (long) (takenBytes * (1e9 / leastBytesPerSecond));
        }
    }

    /** A piece is waited for so long at most, however fast the ones before it went. */
    static final int PIECE_BYTES = 64 << 10;

    private final ScheduledExecutorService clock;
    private final LongSupplier nanoTime;
    private final Patience patience;
    private final Runnable giveUp;
    private long takenBytes;
    /** In writes alone: the time that the answer itself takes is not the reader's. */
    private long waitedNanos;

    /** @param giveUp called on the clock's thread; makes the write that is under way fail */
    PatientOutput(OutputStream out, ScheduledExecutorService clock, LongSupplier nanoTime, Patience patience, Runnable giveUp) {
        super(out);
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.patience = patience;
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
            long began = nanoTime.getAsLong();
            ScheduledFuture<?> bound = clock.schedule(giveUp, leftNanos(), TimeUnit.NANOSECONDS);
            try {
                out.write(bytes, offset + done, piece);
            } finally {
                bound.cancel(false);
            }
            waitedNanos += nanoTime.getAsLong() - began;
            takenBytes += piece;
            done += piece;
        }
    }

    /** For the next piece; nothing or less when the time is over. */
    private long leftNanos() {
        return Math.min(TimeUnit.MILLISECONDS.toNanos(patience.pieceMs()), patience.nanosFor(takenBytes) - waitedNanos);
    }

    /** What TLS says in the end is written too. */
    @Override
    public void close() throws IOException {
        ScheduledFuture<?> bound = clock.schedule(giveUp, patience.pieceMs(), TimeUnit.MILLISECONDS);
        try {
            super.close();
        } finally {
            bound.cancel(false);
        }
    }
}
