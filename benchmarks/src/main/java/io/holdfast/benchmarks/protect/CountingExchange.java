package io.holdfast.benchmarks.protect;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One connection that counts on a key of its own: a request, its answer, the next. Owned by its client's thread.
 *
 * <p>With replicas a request is two commands in one write, {@code INCR key} and {@code WAIT replicas 0}, and answered
 * when both are: that is how one gets a synchronous write from Redis itself.
 */
final class CountingExchange implements AutoCloseable {

    private final SocketChannel channel;
    private final int replicas;
    private final ByteBuffer request;
    private final ByteBuffer received = ByteBuffer.allocateDirect(256);
    private long counted;
    private boolean incremented;
    private long askedNanos;

    CountingExchange(SocketChannel channel, String key, int replicas) {
        this.channel = channel;
        this.replicas = replicas;
        String commands = command("INCR", key);
        if (replicas > 0) {
            commands += command("WAIT", Integer.toString(replicas), "0");
        }
        byte[] bytes = commands.getBytes(StandardCharsets.US_ASCII);
        request = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    }

    /** The form of a command: an array of bulk strings (Redis serialization protocol, RESP2). */
    private static String command(String... words) {
        StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    void ask() throws IOException {
        request.rewind();
        incremented = false;
        askedNanos = System.nanoTime();
        channel.write(request);
        if (request.hasRemaining()) {
            throw new IOException("a request does not fit in the send buffer though nothing else is under way");
        }
    }

    /** When the request under way was sent. */
    long askedNanos() {
        return askedNanos;
    }

    /** Reads what has come; true when the request under way is wholly answered. */
    boolean read() throws IOException {
        if (channel.read(received) < 0) {
            throw new EOFException("the server closed a connection after " + counted + " answers");
        }
        received.flip();
        boolean complete = false;
        for (int end = lineEnd(); end >= 0; end = lineEnd()) {
            if (complete) {
                throw new IOException("an answer to nothing asked, after " + counted);
            }
            complete = accept(number(end));
        }
        received.compact();
        return complete;
    }

    private boolean accept(long answer) throws IOException {
        if (!incremented) {
            if (answer != counted + 1) {
                throw new IOException("wrong answer: " + answer + " after " + counted);
            }
            counted = answer;
            incremented = true;
            return replicas == 0;
        }
        if (answer < replicas) {
            throw new IOException("only " + answer + " replicas hold a write");
        }
        return true;
    }

    /** Where the first whole line ends (its line feed), or -1. */
    private int lineEnd() {
        for (int i = received.position(); i < received.limit(); i++) {
            if (received.get(i) == '\n') {
                return i;
            }
        }
        return -1;
    }

    /** Takes the line that ends there: {@code :} and a number. */
    private long number(int lineFeed) throws IOException {
        int at = received.position();
        received.position(lineFeed + 1);
        if (received.get(at) != ':') {
            byte[] line = new byte[lineFeed - at];
            received.get(at, line);
            throw new IOException("no number but: " + new String(line, StandardCharsets.US_ASCII).strip());
        }
        long value = 0;
        for (int i = at + 1; i < lineFeed - 1; i++) {
            value = value * 10 + received.get(i) - '0';
        }
        return value;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
