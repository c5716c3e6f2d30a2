package io.holdfast.consensus;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

import io.holdfast.journal.Snapshot;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.EmptyMessage;
import org.jgroups.Message;

/**
 * Owned by whoever has the turn: builds what this member says to others and hands it to the transport, which has written
 * it when it returns. So one header and the buffers entries are gathered in serve for all messages.
 */
final class Outbox {
    static final int PIECE_HEADER_BYTES = Long.BYTES;

    private final GroupRaft raft;
    private final byte[] place;
    private final GroupHeader header = new GroupHeader();

    Outbox(GroupRaft raft) {
        this.raft = raft;
        this.place = Configuration.encode(raft.config().selfMember());
    }

    void send(Peer to, MessageKind kind, boolean granted, long a, long b, long c, long d) {
        header.set(kind, raft.term(), granted, a, b, c, d);
        send(to, kind.saysPlace() ? place : null, 0, place.length);
    }

    /** Asks whether the other would vote in this next term. */
    void askAbout(Peer to, long nextTerm, long lastIndex, long lastTerm) {
        header.set(MessageKind.PRE_VOTE, nextTerm, false, lastIndex, lastTerm, 0, 0);
        send(to, place, 0, place.length);
    }

    /** The buffer may be used again when this returns. */
    void sendEntries(Peer to, byte[] entries, int offset, int length, long previousIndex, long previousTerm, long checksum) {
        header.set(MessageKind.APPEND, raft.term(), true, previousIndex, previousTerm, raft.committed(), checksum);
        send(to, entries, offset, length);
    }

    void sendSnapshot(Peer to, Snapshot snapshot, int offset, byte[] piece) {
        header.set(MessageKind.SNAPSHOT, raft.term(), true, snapshot.index(), snapshot.term(), offset, snapshot.bytes().length);
        byte[] payload = withChecksum(piece);
        send(to, payload, 0, payload.length);
    }

    static Message snapshotMessage(Address to, byte[] piece) {
        return new BytesMessage(to, withChecksum(piece));
    }

    private static byte[] withChecksum(byte[] piece) {
        return ByteBuffer.allocate(PIECE_HEADER_BYTES + piece.length).putLong(checksum(piece, 0, piece.length)).put(piece)
                .array();
    }

    static boolean pieceIsWhole(byte[] payload, int offset, int length) {
        return ByteBuffer.wrap(payload).getLong(offset)
                == checksum(payload, offset + PIECE_HEADER_BYTES, length - PIECE_HEADER_BYTES);
    }

    private static long checksum(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return crc.getValue();
    }

    /** The payload may be null: none. What lies below in place of the transport, such as a simulated network, gets its own copy. */
    private void send(Peer to, byte[] payload, int offset, int length) {
        header.of(raft.group());
        if (raft.getDownProtocol() instanceof GroupTransport transport) {
            transport.write(to.place, raft.getId(), header, payload, offset, length);
            return;
        }
        Message message = payload == null ? new EmptyMessage(to.place)
                : new BytesMessage(to.place, Arrays.copyOfRange(payload, offset, offset + length));
        raft.getDownProtocol().down(message.putHeader(raft.getId(), header.copy()));
    }
}
