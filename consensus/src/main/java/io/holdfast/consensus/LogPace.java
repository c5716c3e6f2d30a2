package io.holdfast.consensus;

/** Owned by one thread: lets one message through in a while and counts the others. */
final class LogPace {
    private final long everyNanos;
    private boolean begun;
    private long lastNanos;
    private long held;
    private long heldBefore;

    LogPace(long everyNanos) {
        this.everyNanos = everyNanos;
    }

    boolean due(long now) {
        if (begun && now - lastNanos < everyNanos) {
            held++;
            return false;
        }
        begun = true;
        lastNanos = now;
        heldBefore = held;
        held = 0;
        return true;
    }

    /** What to add to the message that is due. */
    String suppressed() {
        return heldBefore == 0 ? "" : " (and " + heldBefore + " like it before)";
    }
}
