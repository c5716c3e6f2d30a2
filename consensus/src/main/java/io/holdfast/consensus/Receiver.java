package io.holdfast.consensus;

import org.jgroups.Address;
import org.jgroups.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: takes what came in, turns away what is not of this group, and gives each message to the part
 * that answers it.
 */
final class Receiver {
    private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);
    private static final int MESSAGES_A_TURN = 256;
    private static final long NANOS_PER_MS = 1_000_000;
    private static final long SILENT_CONNECTION_NANOS = 1_000 * NANOS_PER_MS;
    private static final long COMPLAIN_NANOS = 5_000 * NANOS_PER_MS;

    private final GroupRaft raft;
    private final Mailbox mailbox;
    private final LogPace strangers = new LogPace(COMPLAIN_NANOS);
    private final LogPace complaints = new LogPace(COMPLAIN_NANOS);

    Receiver(GroupRaft raft, Mailbox mailbox) {
        this.raft = raft;
        this.mailbox = mailbox;
    }

    /** A bounded share of what waits; returns whether more does. */
    boolean receive() {
        answerRequests();
        for (int i = 0; i < MESSAGES_A_TURN; i++) {
            Message next = mailbox.poll();
            if (next == null) {
                noticeLost();
                return false;
            }
            handle(next.getHeader(raft.getId()), next);
        }
        return true;
    }

    /** After all that came over the connections before they ended: a dead leader's last words are no sign of life. */
    private void noticeLost() {
        for (Address place = mailbox.pollLost(); place != null; place = mailbox.pollLost()) {
            Peer lost = raft.roster().peerAt(place);
            if (lost != null) {
                raft.campaign().connectionLost(lost);
            }
        }
    }

    private void answerRequests() {
        for (Runnable next = mailbox.pollRequest(); next != null; next = mailbox.pollRequest()) {
            next.run();
        }
    }

    /** At the end of the group: who asked is told so. That something else has failed as well changes nothing any more. */
    void answerLastRequests() {
        for (Runnable next = mailbox.pollRequest(); next != null; next = mailbox.pollRequest()) {
            try {
                next.run();
            } catch (RuntimeException e) {
                LOG.warn("{}: and after the end of the group: {}", raft.config().self(), e.toString());
            }
        }
    }

    private void handle(GroupHeader header, Message message) {
        MessageKind kind = header.kind();
        Peer from = kind == null ? null : sender(kind, message);
        if (from == null) {
            if (strangers.due(raft.nanoTime())) {
                LOG.warn("{}: dropped {} from {}, not a member of this group{}", raft.config().self(), header, message.src(),
                        strangers.suppressed());
            }
            return;
        }
        if (from.wasBefore(message.src())) {
            return; // an acknowledgement of a process that lost power is worth nothing
        }
        if (kind == MessageKind.FOREIGN || header.isForeignTo(raft.group())) {
            foreign(kind, from, header, message);
            return;
        }
        heard(from, message.src());
        // A question about a next term binds nobody (dissertation, 9.6); any other newer term does (Raft, 5.1).
        if (header.currTerm() > raft.term() && kind != MessageKind.PRE_VOTE) {
            raft.follow(header.currTerm(), kind.fromLeader() ? from : null);
        }
        dispatch(kind, from, header, message);
    }

    private void dispatch(MessageKind kind, Peer from, GroupHeader header, Message message) {
        switch (kind) {
            case APPEND -> raft.replica().onAppend(from, header, message);
            case SNAPSHOT -> raft.intake().onPiece(from, header, message);
            case HEARTBEAT -> raft.replica().onHeartbeat(from, header);
            case PRE_VOTE -> raft.campaign().onPreVote(from, header);
            case PRE_VOTE_ANSWER -> raft.campaign().onPreVoteAnswer(from, header);
            case VOTE -> raft.campaign().onVote(from, header);
            case VOTE_ANSWER -> raft.campaign().onVoteAnswer(from, header);
            case TIMEOUT_NOW -> {
                if (header.currTerm() == raft.term() && raft.isLeader(from)) {
                    raft.campaign().standAtOnce();
                }
            }
            case APPEND_ANSWER, HEARTBEAT_ANSWER, SNAPSHOT_ANSWER -> {
                if (raft.leadership() != null && header.currTerm() == raft.term()) {
                    raft.leadership().onAnswer(kind, from, header);
                }
            }
            case FOREIGN -> throw new IllegalStateException("turned away before");
        }
    }

    /** A stranger's place is taken from its message; null when it does not say it. */
    private Peer sender(MessageKind kind, Message message) {
        Peer known = raft.roster().peerOf(message.src());
        if (known != null || !kind.saysPlace()) {
            return known;
        }
        Member stranger = placeIn(message);
        return stranger == null || stranger.name().equals(raft.config().self()) ? null : raft.roster().guest(stranger);
    }

    private static Member placeIn(Message message) {
        byte[] bytes = message.getArray();
        return bytes == null ? null : Configuration.decodeMember(bytes, message.getOffset(), message.getLength());
    }

    /** Never mixed with this group's: its terms and its entries mean nothing here. The other side is told, and says so too. */
    private void foreign(MessageKind kind, Peer from, GroupHeader header, Message message) {
        if (!complaints.due(raft.nanoTime())) {
            return;
        }
        LOG.error("{}: {} at {} belongs to another group of the name {}: its group is {}, this one {}. One of the two has the "
                + "journal of another service or of an older installation{}", raft.config().self(), from.name, from.place,
                raft.config().groupName(), header.group(), raft.group(), complaints.suppressed());
        raft.shown().refused = from.name + " at " + from.place + " belongs to group " + header.group();
        if (kind != MessageKind.FOREIGN) {
            Member there = kind.saysPlace() ? placeIn(message) : null; // its name may be one of this group's
            raft.outbox().send(there == null ? from : new Peer(there), MessageKind.FOREIGN, false, 0, 0, 0, 0);
        }
    }

    private void heard(Peer from, Address address) {
        boolean restarted = from.address != null && !from.address.equals(address);
        from.heardAt(raft.nanoTime(), address);
        if (restarted && raft.leadership() != null && (from.voter || from.served)) {
            raft.leadership().restarted(from);
        }
    }

    /** After a long silence the kernel repeats what was lost only every few seconds: another connection is quicker. */
    void giveUpDeadConnections(long now) {
        for (int i = 0; i < raft.peers().size(); i++) { // in each turn: no iterator
            Peer peer = raft.peers().get(i);
            if (peer.heard && now - peer.connectedNanos > SILENT_CONNECTION_NANOS
                    && raft.getDownProtocol() instanceof GroupTransport transport) {
                peer.connectedNanos = now;
                transport.disconnect(peer.place);
            }
        }
    }
}
