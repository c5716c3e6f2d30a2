package io.holdfast.restore.replay;

/**
 * A bounded wait for the clone; owned by the thread that replays, used again for each wait.
 *
 * <p>An answer is usually there within microseconds, so the wait begins by asking again and again; then it sleeps
 * until the loopback has a packet, with a bound, because a workload may read without answering.
 */
final class ReplayWait {
    private static final long SPIN_NANOS = 50_000;
    private static final int SLEEP_MS = 1;

    private final TunDevice tun;
    private final CloneAnswers answers;
    private long begun;
    private long limitNanos;
    private long elapsedNanos;
    private long lastAnswerNanos;

    ReplayWait(TunDevice tun, CloneAnswers answers) {
        this.tun = tun;
        this.answers = answers;
    }

    void begin(long limit) {
        begun = System.nanoTime();
        limitNanos = limit;
        elapsedNanos = 0;
        lastAnswerNanos = 0;
    }

    /** Lets a moment pass and takes in what the clone has sent. Returns false when the time is over. */
    boolean goOn() {
        if (elapsedNanos > limitNanos) {
            return false;
        }
        if (elapsedNanos - lastAnswerNanos > SPIN_NANOS) {
            tun.await(SLEEP_MS);
        }
        boolean answered = answers.drain();
        elapsedNanos = System.nanoTime() - begun;
        if (answered) {
            lastAnswerNanos = elapsedNanos;
        }
        return true;
    }

    long elapsedNanos() {
        return elapsedNanos;
    }

    /** How long the clone has sent nothing. */
    long idleNanos() {
        return elapsedNanos - lastAnswerNanos;
    }
}
