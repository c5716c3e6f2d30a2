package io.holdfast.consensus;

/**
 * Owned by the runner thread: whether this member was there to hear what others said. It was not while a turn kept it from
 * its sockets (an entry that waits for the disk, a pause of the virtual machine), nor while it should have been woken and
 * did not run. What kept it may keep the leader too, on a machine or a disk they share.
 */
final class Attention {
    private static final long AWAY_NANOS = 10_000_000;

    private boolean begun;
    private long turnBeganNanos;
    /** When it meant to look again at the latest. */
    private long dueNanos;
    private boolean away;

    void turnBegins(long now) {
        away |= begun && now - dueNanos >= AWAY_NANOS;
        turnBeganNanos = now;
    }

    void turnEnds(long now, long waitNanos) {
        away |= now - turnBeganNanos >= AWAY_NANOS;
        dueNanos = now + waitNanos;
        begun = true;
    }

    /** Between two turns: when it means to look again at the latest. */
    long looksAgainBy() {
        return dueNanos;
    }

    /** In a turn: whether it was away since this was asked last. */
    boolean wasAway(long now) {
        boolean was = away || now - turnBeganNanos >= AWAY_NANOS;
        away = false;
        return was;
    }
}
