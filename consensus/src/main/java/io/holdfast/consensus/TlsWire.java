package io.holdfast.consensus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * Owned by whoever has the turn: bytes sealed by TLS (RFC 8446), whose state is the engine's.
 *
 * <p>The arithmetic of a handshake takes milliseconds, or tens of them in a process that has just started: it is done
 * elsewhere, and this wire is {@link #busy} meanwhile. Sealing and opening a message takes about a microsecond and is done
 * here and now, in buffers that stay.
 */
final class TlsWire implements Wire {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final int BUFFER_BYTES = 64 << 10;
    /** The longest record that the engine waits for the end of, whoever sends it (sun.security.ssl.SSLRecord, maxLargeRecordSize). */
    private static final int STRANGER_BYTES = 34 << 10;
    private static final int LAST_WORDS = 3;

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final Consumer<Runnable> elsewhere;
    /** What a sealed record needs at most; the engine seals nothing into less. */
    private final int recordBytes;
    /** Came sealed and was not opened yet: from its position to its limit. */
    private ByteBuffer in;
    /** Sealed and not yet taken by the socket: from its position to its limit. */
    private ByteBuffer out;
    private boolean open;
    private boolean busy;
    private boolean wide;

    /** @param elsewhere runs on another thread what takes long, and then has {@link #resume} called in a turn */
    TlsWire(SocketChannel channel, SSLEngine engine, Consumer<Runnable> elsewhere) {
        this.channel = channel;
        this.engine = engine;
        this.elsewhere = elsewhere;
        this.recordBytes = engine.getSession().getPacketBufferSize();
        // Enough for a handshake: strangers may be many.
        this.in = ByteBuffer.allocate(STRANGER_BYTES).limit(0);
        this.out = ByteBuffer.allocate(recordBytes).limit(0);
    }

    @Override
    public void connected() throws SSLException {
        engine.beginHandshake();
    }

    @Override
    public boolean open() {
        return open;
    }

    @Override
    public boolean busy() {
        return busy;
    }

    @Override
    public void resume() {
        busy = false;
    }

    @Override
    public boolean read(ByteBuffer into) throws IOException {
        if (open && !wide) {
            widen();
        }
        in.compact();
        int bytes = channel.read(in);
        boolean full = !in.hasRemaining();
        in.flip();
        if (bytes < 0) {
            throw new EOFException("the other side closed it");
        }
        readOn(into);
        return full;
    }

    private void widen() {
        in = ByteBuffer.allocate(BUFFER_BYTES).put(in).flip();
        out = ByteBuffer.allocate(BUFFER_BYTES + recordBytes).put(out).flip();
        wide = true;
    }

    @Override
    public boolean readOn(ByteBuffer into) throws IOException {
        int before = into.position();
        boolean goesOn = true;
        while (goesOn && into.position() == before) {
            goesOn = step(into);
        }
        return into.position() > before;
    }

    /** Does what the engine is waiting for; false when that is something that cannot be done now. */
    private boolean step(ByteBuffer into) throws IOException {
        if (busy) {
            return false;
        }
        return switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> {
                busy = true;
                elsewhere.accept(this::doTasks);
                yield false;
            }
            case NEED_WRAP -> answer();
            default -> openRecord(into);
        };
    }

    private void doTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /** Sends what TLS itself has to say; false when there is no room for it. */
    private boolean answer() throws IOException {
        out.compact();
        boolean room = out.remaining() >= recordBytes;
        try {
            if (room) {
                seal(NOTHING);
            }
        } finally {
            out.flip();
        }
        channel.write(out);
        return room;
    }

    private boolean openRecord(ByteBuffer into) throws IOException {
        SSLEngineResult result;
        try {
            result = engine.unwrap(in, into);
        } catch (SSLException | RuntimeException e) {
            throw failure(e);
        }
        noticeOpen(result);
        return switch (result.getStatus()) {
            case OK -> true;
            case BUFFER_UNDERFLOW -> false;
            case CLOSED -> throw new EOFException("the other side ended it");
            case BUFFER_OVERFLOW -> throw new IllegalStateException("no room for a record: " + into);
        };
    }

    /** False when the engine waits for something else first. */
    private boolean seal(ByteBuffer from) throws IOException {
        SSLEngineResult result;
        try {
            result = engine.wrap(from, out);
        } catch (SSLException | RuntimeException e) {
            throw failure(e);
        }
        noticeOpen(result);
        if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
            throw new EOFException("the other side ended it");
        }
        if (result.getStatus() != SSLEngineResult.Status.OK) {
            throw new IllegalStateException("no room to seal: " + result);
        }
        return result.bytesProduced() > 0;
    }

    /** The engine's own exceptions of whatever kind: they come of what the other side sent, and cost it this connection only. */
    private SSLException failure(Exception e) {
        String said = e instanceof SSLException ? e.getMessage() : e.toString();
        if (said != null && said.startsWith("Received fatal alert")) {
            return new SSLException("the other side turns it away: " + said, e);
        }
        return new SSLException((open ? "what came over it is not what was sent: " : "no TLS handshake: ") + said, e);
    }

    private void noticeOpen(SSLEngineResult result) {
        open |= result.getHandshakeStatus() == HandshakeStatus.FINISHED;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        channel.write(out);
        boolean goesOn = open && !busy;
        while (goesOn && from.hasRemaining() && !out.hasRemaining()) {
            out.clear();
            try {
                while (goesOn && from.hasRemaining() && out.remaining() >= recordBytes) {
                    goesOn = seal(from); // among it what TLS itself has to say, when it is time for other keys
                }
            } finally {
                out.flip();
            }
            channel.write(out);
        }
    }

    @Override
    public boolean waitsForRoom() {
        return out.hasRemaining();
    }

    /** The other side then says in its log why, and not only that it was left. */
    @Override
    public void giveUp() {
        if (busy) {
            return;
        }
        for (int i = 0; i < LAST_WORDS && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP; i++) {
            try {
                answer();
            } catch (IOException expected) {
                // What failed is reported once more, and after its last record the engine is closed.
            }
        }
        try {
            channel.write(out);
        } catch (IOException e) {
            // Then it does not hear it.
        }
    }
}
