package io.holdfast.consensus;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

import io.holdfast.journal.Snapshot;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.EmptyMessage;
import org.jgroups.Message;

/** Owned by the runner thread: builds what this member says to others and hands it to the transport. */
final class Outbox {
    static final int PIECE_HEADER_BYTES = Long.BYTES;

    private final GroupRaft raft;
    private final byte[] place;

    Outbox(GroupRaft raft) {
        this.raft = raft;
        this.place = Configuration.encode(raft.config().selfMember());
    }

    void send(Peer to, MessageKind kind, boolean granted, long a, long b, long c, long d) {
        Message message = kind.saysPlace() ? new BytesMessage(to.place, place) : new EmptyMessage(to.place);
        send(message, new GroupHeader(kind, raft.term(), granted, a, b, c, d));
    }

    /** Asks whether the other would vote in this next term. */
    void askAbout(Peer to, long nextTerm, long lastIndex, long lastTerm) {
        send(new BytesMessage(to.place, place), new GroupHeader(MessageKind.PRE_VOTE, nextTerm, false, lastIndex, lastTerm, 0, 0));
    }

    void sendEntries(Peer to, byte[] payload, long previousIndex, long previousTerm, long checksum) {
        send(new BytesMessage(to.place, payload), new GroupHeader(MessageKind.APPEND, raft.term(), true, previousIndex,
                previousTerm, raft.committed(), checksum));
    }

    void sendSnapshot(Peer to, Snapshot snapshot, int offset, byte[] piece) {
        send(snapshotMessage(to.place, piece), new GroupHeader(MessageKind.SNAPSHOT, raft.term(), true, snapshot.index(),
                snapshot.term(), offset, snapshot.bytes().length));
    }

    static Message snapshotMessage(Address to, byte[] piece) {
        return new BytesMessage(to, ByteBuffer.allocate(PIECE_HEADER_BYTES + piece.length)
                .putLong(checksum(piece, 0, piece.length)).put(piece).array());
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

    private void send(Message message, GroupHeader header) {
        raft.getDownProtocol().down(message.putHeader(raft.getId(), header.of(raft.group())));
    }
}
