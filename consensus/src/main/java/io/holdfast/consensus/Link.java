package io.holdfast.consensus;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

import org.jgroups.stack.IpAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by whoever has the turn: one connection, on which frames travel: {@code u32 length | bytes}. */
final class Link {
    /** Told each whole frame; the bytes are only valid during the call. */
    interface Frames {
        void frame(Link link, byte[] buffer, int offset, int length) throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final int FIRST_BUFFER_BYTES = 64 << 10;
    /** Until a peer has said who it is, nobody lets it send more than a greeting. */
    private static final int MAX_GREETING_BYTES = 1 << 10;
    private static final int READS_AT_ONCE = 8;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final int maxPendingBytes;
    private final long bornNanos;
    private final SocketAddress remote;
    private IpAddress peer;
    private boolean connected;
    private boolean greeted;
    private ByteBuffer in = ByteBuffer.allocate(FIRST_BUFFER_BYTES);
    /** What is to be written, from 0 to its position. */
    private ByteBuffer out = ByteBuffer.allocateDirect(FIRST_BUFFER_BYTES);

    private Link(SocketChannel channel, Selector selector, int interest, SocketAddress remote, int maxPendingBytes,
                 long now) throws IOException {
        this.channel = channel;
        this.remote = remote;
        this.maxPendingBytes = maxPendingBytes;
        this.bornNanos = now;
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        this.key = channel.register(selector, interest, this);
    }

    static Link accepted(SocketChannel channel, Selector selector, int maxPendingBytes, long now) throws IOException {
        try {
            Link link = new Link(channel, selector, SelectionKey.OP_READ, channel.getRemoteAddress(), maxPendingBytes, now);
            link.connected = true;
            return link;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Begins to connect; what is sent meanwhile waits. */
    static Link dialing(InetAddress from, IpAddress peer, Selector selector, int maxPendingBytes, long now)
            throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.bind(new InetSocketAddress(from, 0));
            InetSocketAddress to = new InetSocketAddress(peer.getIpAddress(), peer.getPort());
            Link link = new Link(channel, selector, SelectionKey.OP_CONNECT, to, maxPendingBytes, now);
            link.peer = peer;
            link.greeted = true;
            if (channel.connect(to)) {
                link.finishConnecting();
            }
            return link;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    void finishConnecting() throws IOException {
        connected = channel.isConnected() || channel.finishConnect();
        if (connected) {
            key.interestOps(SelectionKey.OP_READ);
            flush();
        }
    }

    boolean connected() {
        return connected;
    }

    /** Whether the other end is known: it was dialed, or has said who it is. */
    boolean greeted() {
        return greeted;
    }

    void peer(IpAddress known) {
        peer = known;
        greeted = true;
    }

    /** Null until it has said who it is. */
    IpAddress peer() {
        return peer;
    }

    SocketAddress remote() {
        return remote;
    }

    long bornNanos() {
        return bornNanos;
    }

    /** False when too much waits already: the frame is dropped whole. */
    boolean send(byte[] data, int offset, int length) throws IOException {
        int needed = Integer.BYTES + length;
        if (needed > out.remaining() && !grow(needed)) {
            return false;
        }
        out.putInt(length).put(data, offset, length);
        if (connected && key.isValid() && (key.interestOps() & SelectionKey.OP_WRITE) == 0) {
            flush();
        }
        return true;
    }

    /** Whether something is left that the socket did not take. */
    boolean waitsForRoom() {
        return connected && out.position() > 0;
    }

    private boolean grow(int needed) {
        long bytes = (long) out.position() + needed;
        if (bytes > maxPendingBytes) {
            return false;
        }
        int capacity = (int) Math.min(maxPendingBytes, Math.max(bytes, 2L * out.capacity()));
        out = ByteBuffer.allocateDirect(capacity).put(out.flip());
        return true;
    }

    void flush() throws IOException {
        out.flip();
        channel.write(out);
        boolean done = !out.hasRemaining();
        out.compact();
        int interest = done ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE;
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    void read(Frames frames) throws IOException {
        for (int i = 0; i < READS_AT_ONCE; i++) {
            int read = channel.read(in);
            if (read < 0) {
                throw new EOFException("the other side closed it");
            }
            boolean more = !in.hasRemaining();
            takeFrames(frames);
            if (!more) {
                return;
            }
        }
    }

    private void takeFrames(Frames frames) throws IOException {
        byte[] bytes = in.array();
        int from = 0;
        int end = in.position();
        while (end - from >= Integer.BYTES) {
            int length = in.getInt(from);
            if (length < 0 || length > (greeted ? maxPendingBytes : MAX_GREETING_BYTES)) {
                throw new IOException("a frame of " + Integer.toUnsignedString(length) + " bytes");
            }
            if (end - from - Integer.BYTES < length) {
                makeRoom(Integer.BYTES + length);
                break;
            }
            frames.frame(this, bytes, from + Integer.BYTES, length);
            from += Integer.BYTES + length;
        }
        keep(from, end);
    }

    private void makeRoom(int frameBytes) {
        if (frameBytes > in.capacity()) {
            in = ByteBuffer.allocate(frameBytes).put(in.flip());
        }
    }

    private void keep(int from, int end) {
        if (from > 0) {
            System.arraycopy(in.array(), from, in.array(), 0, end - from);
        }
        in.position(end - from);
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("Cannot close the connection with {}", remote, e);
        }
    }
}
