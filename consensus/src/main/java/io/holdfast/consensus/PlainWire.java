package io.holdfast.consensus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Owned by whoever has the turn: bytes as they are, for a cluster whose traffic is open. */
final class PlainWire implements Wire {
    private final SocketChannel channel;

    PlainWire(SocketChannel channel) {
        this.channel = channel;
    }

    @Override
    public void connected() {
        // Nothing to begin with.
    }

    @Override
    public boolean open() {
        return true;
    }

    @Override
    public boolean busy() {
        return false;
    }

    @Override
    public void resume() {
        throw new IllegalStateException("it is never busy");
    }

    @Override
    public boolean read(ByteBuffer into) throws IOException {
        if (channel.read(into) < 0) {
            throw new EOFException("the other side closed it");
        }
        return !into.hasRemaining();
    }

    @Override
    public boolean readOn(ByteBuffer into) {
        return false;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        channel.write(from);
    }

    @Override
    public boolean waitsForRoom() {
        return false;
    }

    @Override
    public void giveUp() {
        // There is no way to say it.
    }
}
