package io.holdfast.consensus;

import io.holdfast.journal.Journal;
import org.jgroups.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: the follower's side of a snapshot (Raft paper, section 7). Pieces come in order; one that
 * does not fit is answered with how much is here, and the leader goes on from there. A restart begins again.
 */
final class SnapshotIntake {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotIntake.class);
    private static final int MAX_BYTES = 1 << 30;

    private final GroupRaft raft;
    private final Journal journal;
    private long index;
    private long term;
    private byte[] bytes = new byte[0];
    private int received;

    SnapshotIntake(GroupRaft raft, Journal journal) {
        this.raft = raft;
        this.journal = journal;
    }

    void onPiece(Peer from, GroupHeader header, Message message) {
        if (header.currTerm() < raft.term()) {
            answer(from, header, false, 0); // the answer's term tells the old leader (Raft, 5.1)
            return;
        }
        raft.replica().heardLeader(from);
        if (header.a <= raft.committed()) {
            answer(from, header, true, header.d); // nothing in it is new
            return;
        }
        if (header.d <= 0 || header.d > MAX_BYTES) {
            LOG.warn("{}: dropped a piece of a snapshot of {} bytes from {}", raft.config().self(), header.d, from.name);
            return;
        }
        if (header.a != index || header.b != term || header.d != bytes.length) {
            index = header.a;
            term = header.b;
            bytes = new byte[(int) header.d];
            received = 0;
        }
        boolean fits = header.c == received && take(message);
        if (received == bytes.length) {
            install();
            answer(from, header, true, header.d);
        } else {
            answer(from, header, fits, received);
        }
    }

    private boolean take(Message message) {
        byte[] piece = message.getArray();
        int length = message.getLength() - Outbox.PIECE_HEADER_BYTES;
        if (piece == null || length <= 0 || length > bytes.length - received
                || !Outbox.pieceIsWhole(piece, message.getOffset(), message.getLength())) {
            LOG.warn("{}: dropped a damaged piece of a snapshot", raft.config().self());
            return false;
        }
        System.arraycopy(piece, message.getOffset() + Outbox.PIECE_HEADER_BYTES, bytes, received, length);
        received += length;
        return true;
    }

    private void install() {
        byte[] whole = bytes;
        bytes = new byte[0];
        received = 0;
        if (index <= journal.lastIndex() && journal.termAt(index) == term) {
            raft.replica().sameAsLeaderTo(index); // the journal holds it all: it only was not known to be committed
            return;
        }
        GroupSnapshot snapshot = GroupSnapshot.decode(whole);
        LOG.info("{}: begins again behind entry {}, term {}, with a snapshot of {} bytes", raft.config().self(), index, term,
                whole.length);
        journal.installSnapshot(index, term, whole);
        raft.installed(index, snapshot);
    }

    private void answer(Peer to, GroupHeader header, boolean granted, long held) {
        raft.outbox().send(to, MessageKind.SNAPSHOT_ANSWER, granted, header.a, held, raft.committed(), journal.lastIndex());
    }
}
