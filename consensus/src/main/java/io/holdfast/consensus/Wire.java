package io.holdfast.consensus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Owned by whoever has the turn: how the bytes of a {@link Link} travel on its socket. Nothing here waits. */
interface Wire {
    /** The socket is connected. */
    void connected() throws IOException;

    /** Whether the other end has shown that it may be talked to; before that nothing of the link goes out. */
    boolean open();

    /** Whether nothing can be done just now, whatever the socket has or takes: what is due is worked on elsewhere. */
    boolean busy();

    /** What was worked on elsewhere is done. */
    void resume();

    /**
     * Reads the socket, once, and appends what came; there is room for {@link Link#SLACK_BYTES} at least. More may be left
     * in here, for {@link #readOn}.
     *
     * @return whether the socket may have more
     * @throws EOFException when the other side has closed it
     */
    boolean read(ByteBuffer into) throws IOException;

    /** Appends what is left in here, a part of it at least; false when nothing is. There is room as for {@link #read}. */
    boolean readOn(ByteBuffer into) throws IOException;

    /** Takes and writes as much as the socket takes. */
    void write(ByteBuffer from) throws IOException;

    /** Whether bytes wait in here for the socket. */
    boolean waitsForRoom();

    /** The connection is about to be closed because of a failure: tells the other side if that can be done at once. */
    void giveUp();
}
