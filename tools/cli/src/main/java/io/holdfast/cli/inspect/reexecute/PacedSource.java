package io.holdfast.cli.inspect.reexecute;

import io.holdfast.restore.replay.ReplaySource;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/** Owned by the thread that replays: gives each packet no sooner than so long after the first as when it was captured. */
final class PacedSource implements ReplaySource {
    private final ReplaySource packets;
    private final double speed;
    private long firstEpochNanos;
    private long firstNanos;
    private boolean begun;

    /** @param speed times as fast as recorded */
    PacedSource(ReplaySource packets, double speed) {
        this.packets = packets;
        this.speed = speed;
    }

    @Override
    public boolean next() {
        if (!packets.next()) {
            return false;
        }
        if (!begun) {
            begun = true;
            firstEpochNanos = packets.epochNanos();
            firstNanos = System.nanoTime();
        }
        long due = firstNanos + (long) ((packets.epochNanos() - firstEpochNanos) / speed);
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return true;
    }

    @Override
    public long index() {
        return packets.index();
    }

    @Override
    public long epochNanos() {
        return packets.epochNanos();
    }

    @Override
    public int copyTo(ByteBuffer into) {
        return packets.copyTo(into);
    }
}
