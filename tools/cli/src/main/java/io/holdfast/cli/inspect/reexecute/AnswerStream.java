package io.holdfast.cli.inspect.reexecute;

import io.holdfast.restore.connection.TcpTuple;
import io.holdfast.restore.replay.AnswerSink;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Owned by the thread that replays: digests what the clone sends on one connection, in order and each byte once. Holds
 * only the bytes no client has acknowledged yet: how far acknowledgements reach does not hang on timing, how far the clone has
 * got beyond them may.
 */
final class AnswerStream implements AnswerSink {
    private static final int FIRST_BYTES = 1024;

    private final TcpTuple tuple;
    private final long synIndex;
    private final long streamOffset;
    private final MessageDigest acknowledged = sha256();
    private byte[] waiting = new byte[FIRST_BYTES];
    private int waitingBytes;
    /** Number after the last byte the clone sent. */
    private int next;
    private long acknowledgedBytes;
    private ReexecutionReport.Parting parting;
    private long missingBytes;
    private boolean finished;
    private boolean reset;

    AnswerStream(TcpTuple tuple, long synIndex, int firstSequence, long streamOffset) {
        this.tuple = tuple;
        this.synIndex = synIndex;
        this.streamOffset = streamOffset;
        this.next = firstSequence;
    }

    @Override
    public void sent(int sequence, ByteBuffer packet, int offset, int count) {
        int known = next - sequence;
        if (known < 0) {
            missingBytes -= known;
            known = 0;
        }
        int fresh = count - known;
        if (fresh <= 0) {
            return;
        }
        if (waitingBytes + fresh > waiting.length) {
            waiting = Arrays.copyOf(waiting, Math.max(waitingBytes + fresh, waiting.length * 2));
        }
        packet.get(offset + known, waiting, waitingBytes, fresh);
        waitingBytes += fresh;
        next = sequence + count;
    }

    @Override
    public void acknowledged(int number) {
        int reached = waitingBytes - Math.max(0, next - number);
        if (reached > 0) {
            acknowledged.update(waiting, 0, reached);
            System.arraycopy(waiting, reached, waiting, 0, waitingBytes - reached);
            waitingBytes -= reached;
            acknowledgedBytes += reached;
        }
    }

    @Override
    public void cut(long index, int wanted, int sent) {
        if (parting == null) {
            parting = new ReexecutionReport.Parting(index, streamOffset + acknowledgedBytes + waitingBytes, wanted - sent);
        }
    }

    @Override
    public void ended(boolean byReset) {
        finished |= !byReset;
        reset |= byReset;
    }

    ReexecutionReport.Answers report() {
        return new ReexecutionReport.Answers(tuple.toString(), synIndex, streamOffset, acknowledgedBytes,
                HexFormat.of().formatHex(copy().digest()), acknowledgedBytes + waitingBytes, producedSha256(), missingBytes, finished,
                reset, parting);
    }

    private String producedSha256() {
        MessageDigest all = copy();
        all.update(waiting, 0, waitingBytes);
        return HexFormat.of().formatHex(all.digest());
    }

    private MessageDigest copy() {
        try {
            return (MessageDigest) acknowledged.clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("SHA-256 of this JVM cannot be copied", e);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
