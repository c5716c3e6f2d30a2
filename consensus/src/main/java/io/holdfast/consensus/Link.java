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

    /** Lays the wire a new link needs. */
    interface Wiring {
        Wire lay(Link link, SocketChannel channel, boolean dialing) throws IOException;
    }

    /** Room that {@link #read} leaves for the wire: a record of TLS at its longest (RFC 8446, 5.1), and something over. */
    static final int SLACK_BYTES = 17 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final int FIRST_BUFFER_BYTES = 64 << 10;
    /** Until a peer has said who it is, nobody lets it send more than a greeting. */
    private static final int MAX_GREETING_BYTES = 1 << 10;
    private static final int READS_AT_ONCE = 8;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final Wire wire;
    private final int maxPendingBytes;
    private final long bornNanos;
    private final SocketAddress remote;
    private IpAddress peer;
    private boolean connected;
    private boolean greeted;
    private ByteBuffer in;
    /** What is to be written, from 0 to its position. */
    private ByteBuffer out;

    private Link(SocketChannel channel, Wiring wiring, boolean dialing, Selector selector, SocketAddress remote,
                 int maxPendingBytes, long now) throws IOException {
        this.channel = channel;
        this.wire = wiring.lay(this, channel, dialing);
        this.remote = remote;
        this.maxPendingBytes = maxPendingBytes;
        this.bornNanos = now;
        // Strangers get no more than a greeting takes: they may be many.
        this.in = ByteBuffer.allocate(dialing ? FIRST_BUFFER_BYTES : Integer.BYTES + MAX_GREETING_BYTES + SLACK_BYTES);
        this.out = ByteBuffer.allocate(0);
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        this.key = channel.register(selector, dialing ? SelectionKey.OP_CONNECT : SelectionKey.OP_READ, this);
    }

    static Link accepted(SocketChannel channel, Wiring wiring, Selector selector, int maxPendingBytes, long now)
            throws IOException {
        try {
            Link link = new Link(channel, wiring, false, selector, channel.getRemoteAddress(), maxPendingBytes, now);
            link.connected = true;
            link.wire.connected();
            return link;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Begins to connect; what is sent meanwhile waits. */
    static Link dialing(InetAddress from, IpAddress peer, Wiring wiring, Selector selector, int maxPendingBytes, long now,
                        Frames frames) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.bind(new InetSocketAddress(from, 0));
            InetSocketAddress to = new InetSocketAddress(peer.getIpAddress(), peer.getPort());
            Link link = new Link(channel, wiring, true, selector, to, maxPendingBytes, now);
            link.peer = peer;
            link.greeted = true;
            if (channel.connect(to)) {
                link.finishConnecting(frames);
            }
            return link;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    void finishConnecting(Frames frames) throws IOException {
        connected = channel.isConnected() || channel.finishConnect();
        if (connected) {
            wire.connected();
            goOn(frames);
        }
    }

    /** The part of the handshake that was worked on elsewhere is done. */
    void resume(Frames frames) throws IOException {
        wire.resume();
        goOn(frames);
    }

    boolean connected() {
        return connected;
    }

    /** Whether bytes can pass both ways. */
    boolean open() {
        return connected && wire.open();
    }

    /** Any thread. */
    boolean isAlive() {
        return channel.isOpen();
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
        if (open() && key.isValid() && (key.interestOps() & SelectionKey.OP_WRITE) == 0) {
            flush();
        }
        return true;
    }

    /** Whether something is left that the socket did not take. */
    boolean waitsForRoom() {
        return connected && (wire.waitsForRoom() || wire.open() && out.position() > 0);
    }

    private boolean grow(int needed) {
        long bytes = (long) out.position() + needed;
        if (bytes > maxPendingBytes) {
            return false;
        }
        int capacity = (int) Math.min(maxPendingBytes, Math.max(Math.max(FIRST_BUFFER_BYTES, bytes), 2L * out.capacity()));
        out = ByteBuffer.allocateDirect(capacity).put(out.flip());
        return true;
    }

    /** Does what can be done without the socket having something new. */
    void goOn(Frames frames) throws IOException {
        while (wire.readOn(in)) {
            takeFrames(frames);
        }
        flush();
    }

    private void flush() throws IOException {
        out.flip();
        wire.write(out);
        out.compact();
        showInterest();
    }

    /** None while the wire is busy: a socket with something to read would keep the runner awake for nothing. */
    private void showInterest() {
        int interest = wire.busy() ? 0 : waitsForRoom() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    void read(Frames frames) throws IOException {
        boolean wasOpen = wire.open();
        boolean more = true;
        for (int i = 0; more && i < READS_AT_ONCE && !wire.busy(); i++) {
            more = wire.read(in);
            do {
                takeFrames(frames);
            } while (wire.readOn(in));
        }
        if (!wasOpen || wire.waitsForRoom()) {
            flush();
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
        if (frameBytes + SLACK_BYTES > in.capacity()) {
            in = ByteBuffer.allocate(frameBytes + SLACK_BYTES).put(in.flip());
        }
    }

    private void keep(int from, int end) {
        if (greeted && in.capacity() < FIRST_BUFFER_BYTES) {
            in = ByteBuffer.allocate(FIRST_BUFFER_BYTES).put(in.array(), from, end - from);
            return;
        }
        if (from > 0) {
            System.arraycopy(in.array(), from, in.array(), 0, end - from);
        }
        in.position(end - from);
    }

    /** After a failure: with a last word to the other side, if there is one. */
    void giveUp() {
        if (connected) {
            wire.giveUp();
        }
        close();
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("Cannot close the connection with {}", remote, e);
        }
    }
}
