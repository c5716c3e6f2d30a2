package io.holdfast.cli.inspect;

import io.holdfast.cli.HoldfastCommand;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.HdrHistogram.Histogram;

/** Owned by the test's thread: writes a journal by hand, and asks {@code holdfast inspect} about it. */
public final class JournalOf implements AutoCloseable {
    public static final long NOON = 1_700_000_000_000_000_000L;
    public static final int FIN = 1;
    public static final int SYN = 2;
    public static final int RST = 4;
    public static final int ACK = 16;

    /** What a command printed, and how it ended. */
    public record Answer(int exitCode, String out, String err) {
    }

    private final Journal journal;
    private long epochNanos = NOON;
    public long term = 1;

    public JournalOf(Path dir) {
        journal = Journal.open(dir, JournalOptions.DEFAULT.withBlockBytes(4 << 20));
    }

    public Journal journal() {
        return journal;
    }

    public JournalOf later(long ms) {
        epochNanos += ms * 1_000_000;
        return this;
    }

    public long append(EntryKind kind, byte[] body) {
        byte[] command = Command.encode(kind, 0, epochNanos++, body);
        return journal.append(term, false, command, 0, command.length);
    }

    public long append(EntryKind kind, String json) {
        return append(kind, json.getBytes(StandardCharsets.UTF_8));
    }

    /** From 10.0.0.7 and this port to 10.0.0.100:6379. */
    public long tcp(int port, int flags, long sequence, long acknowledgement, String payload) {
        return append(EntryKind.PACKET, segment(port, flags, sequence, acknowledgement, payload.getBytes(StandardCharsets.ISO_8859_1)));
    }

    public static byte[] segment(int port, int flags, long sequence, long acknowledgement, byte[] payload) {
        return ip(6, 20 + payload.length).putShort((short) port).putShort((short) 6379).putInt((int) sequence).putInt((int) acknowledgement)
                .put((byte) 0x50).put((byte) flags).putShort((short) 512).putInt(0).put(payload).array();
    }

    public long udp(int port, String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.ISO_8859_1);
        return append(EntryKind.PACKET, ip(17, 8 + bytes.length).putShort((short) port).putShort((short) 53)
                .putShort((short) (8 + bytes.length)).putShort((short) 0).put(bytes).array());
    }

    private static ByteBuffer ip(int protocol, int length) {
        return ByteBuffer.allocate(20 + length).put((byte) 0x45).put((byte) 0).putShort((short) (20 + length)).putInt(0).put((byte) 64)
                .put((byte) protocol).putShort((short) 0).putInt(0x0A000007).putInt(0x0A000064);
    }

    /** Encoded as in the body of a STATISTICS entry. */
    public static String histogram(long... nanos) {
        Histogram histogram = new Histogram(60_000_000_000L, 2);
        Arrays.stream(nanos).forEach(histogram::recordValue);
        ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(bytes);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
    }

    /** The body of a STATISTICS entry. */
    public static String statistics(String toCommit, String toRelease, String together) {
        return "{\"node\":\"n1\",\"captureToCommit\":\"" + toCommit + "\",\"commitToRelease\":\"" + toRelease + "\",\"releasedTogether\":\""
                + together + "\"}";
    }

    public static Answer ask(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] all = new String[arguments.length + 1];
        all[0] = "inspect";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        int exitCode = HoldfastCommand.execute(new PrintWriter(out, true), new PrintWriter(err, true), all);
        return new Answer(exitCode, out.toString(), err.toString());
    }

    @Override
    public void close() {
        journal.close();
    }
}
