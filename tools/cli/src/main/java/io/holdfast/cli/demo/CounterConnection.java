package io.holdfast.cli.demo;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * One connection that counts: INCR on a key of its own, one batch after the other, every answer checked to be exactly
 * the one before plus 1. Owned by its own thread, which alone writes; other threads read the volatile fields and may
 * call {@link #stop()} and {@link #giveUp()}.
 *
 * <p>It never connects again: a connection that breaks stays broken and is counted.
 */
final class CounterConnection implements Runnable {

    /** Where a connection stands. */
    enum State {
        /** The connection is being made. */
        OPENING,
        /** Requests go out and answers come in. */
        COUNTING,
        /** Asked to stop, and everything asked was answered. */
        DONE,
        /** Asked to stop, but something asked was not answered in time. */
        UNANSWERED,
        /** The connection was refused, reset or closed by the other side. */
        BROKEN
    }

    /** A time without an answer that is worth reporting; System.nanoTime() of the last answer before and the next. */
    record Pause(int connection, long startNanos, long endNanos) {
    }

    private static final int PAUSE_WORTH_REPORTING_NANOS = 20_000_000;
    private static final int CONNECT_TIMEOUT_MS = 10_000;
    private static final int LONGEST_ANSWER_BYTES = 512;
    private static final long NOT_A_NUMBER = Long.MIN_VALUE;

    private final int id;
    private final String key;
    private final int depth;
    private final long thinkNanos;
    private final InetSocketAddress target;
    private final SplittableRandom random;
    private final byte[] batch;
    private final byte[] received = new byte[16 * 1024];
    private final SingleWriterRecorder latencyNanos = new SingleWriterRecorder(3);
    private final List<Pause> pauses = new ArrayList<>();
    private final Socket socket = new Socket();

    private int receivedFrom;
    private int receivedTo;
    private volatile State state = State.OPENING;
    private volatile boolean stopping;
    private volatile long value;
    private volatile long answers;
    private volatile long wrong;
    private volatile int outstanding;
    private volatile long openedNanos;
    private volatile long lastAnswerNanos;
    private volatile String reason;

    /** @param depth requests in one batch; 1 asks and waits, more pipelines */
    CounterConnection(int id, String key, int depth, long thinkNanos, InetSocketAddress target, long seed) {
        this.id = id;
        this.key = key;
        this.depth = depth;
        this.thinkNanos = thinkNanos;
        this.target = target;
        this.random = new SplittableRandom(seed);
        String request = "*2\r\n$4\r\nINCR\r\n$" + key.length() + "\r\n" + key + "\r\n";
        this.batch = request.repeat(depth).getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void run() {
        try {
            socket.setTcpNoDelay(true);
            socket.connect(target, CONNECT_TIMEOUT_MS);
            openedNanos = System.nanoTime();
            lastAnswerNanos = openedNanos;
            state = State.COUNTING;
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            while (!stopping) {
                countBatch(in, out);
                think();
            }
            state = State.DONE;
            socket.close();
        } catch (IOException e) {
            end(e);
        }
    }

    private void countBatch(InputStream in, OutputStream out) throws IOException {
        long asked = System.nanoTime();
        outstanding = depth;
        out.write(batch);
        for (int left = depth; left > 0; left--) {
            long answer = readAnswer(in);
            long now = System.nanoTime();
            if (now - lastAnswerNanos >= PAUSE_WORTH_REPORTING_NANOS) {
                note(new Pause(id, lastAnswerNanos, now));
            }
            latencyNanos.recordValue(now - asked);
            check(answer);
            lastAnswerNanos = now;
            answers = answers + 1;
            outstanding = left - 1;
        }
    }

    /**
     * After a wrong number counting goes on from it, so that one slip is one wrong answer. An answer that is no
     * number (an error) counted nothing.
     */
    private void check(long answer) {
        if (answer == NOT_A_NUMBER) {
            wrong = wrong + 1;
            return;
        }
        if (answer != value + 1) {
            wrong = wrong + 1;
            reason = "expected " + (value + 1) + ", got " + answer;
        }
        value = answer;
    }

    /** An integer reply is {@code :123\r\n} (RESP, redis.io/docs/reference/protocol-spec). Anything else is wrong. */
    private long readAnswer(InputStream in) throws IOException {
        StringBuilder odd = null;
        long number = 0;
        int first = nextByte(in);
        if (first != ':') {
            odd = new StringBuilder().append((char) first);
        }
        for (int length = 1; ; length++) {
            int next = nextByte(in);
            if (next == '\n') {
                break;
            }
            if (length > LONGEST_ANSWER_BYTES) {
                throw new IOException("no end of the answer after " + LONGEST_ANSWER_BYTES + " bytes: " + odd);
            }
            if (odd != null) {
                odd.append((char) next);
            } else if (next >= '0' && next <= '9') {
                number = number * 10 + (next - '0');
            } else if (next != '\r') {
                odd = new StringBuilder(":" + number + (char) next);
            }
        }
        if (odd != null) {
            reason = "expected " + (value + 1) + ", got '" + odd.toString().strip() + "'";
            return NOT_A_NUMBER;
        }
        return number;
    }

    private int nextByte(InputStream in) throws IOException {
        if (receivedFrom == receivedTo) {
            int count = in.read(received);
            if (count < 0) {
                throw new EOFException("closed by the server");
            }
            receivedFrom = 0;
            receivedTo = count;
        }
        return received[receivedFrom++];
    }

    /** Between half and one and a half of the think time, so that connections do not march in step. */
    private void think() {
        if (thinkNanos > 0) {
            LockSupport.parkNanos(thinkNanos / 2 + random.nextLong(thinkNanos));
        }
    }

    private void note(Pause pause) {
        synchronized (pauses) {
            pauses.add(pause);
        }
    }

    /** Only {@link #giveUp()} closes the socket under this thread; every other exception is a broken connection. */
    private synchronized void end(IOException e) {
        if (state != State.UNANSWERED) {
            state = State.BROKEN;
            reason = e.getClass().getSimpleName() + ": " + e.getMessage()
                    + (outstanding > 0 ? ", " + outstanding + " unanswered" : "");
        }
        try {
            socket.close();
        } catch (IOException closing) {
            e.addSuppressed(closing);
        }
    }

    /** Asks no more; what is asked is still waited for. */
    void stop() {
        stopping = true;
    }

    /** Ends the waiting: what is not answered now is lost. The thread must have been told to stop before. */
    synchronized void giveUp() {
        if (state == State.COUNTING || state == State.OPENING) {
            state = State.UNANSWERED;
            reason = outstanding + " unanswered";
        }
        try {
            socket.close();
        } catch (IOException e) {
            reason = reason + "; " + e.getMessage();
        }
    }

    /** Pauses that ended since the last call. */
    List<Pause> takePauses() {
        synchronized (pauses) {
            List<Pause> taken = List.copyOf(pauses);
            pauses.clear();
            return taken;
        }
    }

    int id() {
        return id;
    }

    String key() {
        return key;
    }

    int depth() {
        return depth;
    }

    State state() {
        return state;
    }

    /** The last value answered: what the key holds if nothing is under way. */
    long value() {
        return value;
    }

    long answers() {
        return answers;
    }

    long wrong() {
        return wrong;
    }

    int outstanding() {
        return outstanding;
    }

    long openedNanos() {
        return openedNanos;
    }

    long lastAnswerNanos() {
        return lastAnswerNanos;
    }

    String reason() {
        return reason;
    }

    SingleWriterRecorder latencyNanos() {
        return latencyNanos;
    }
}
