package io.holdfast.node.service;

import io.holdfast.capture.CaptureAgent;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.consensus.GroupConfig;
import io.holdfast.consensus.GroupListener;
import io.holdfast.consensus.GroupStatus;
import io.holdfast.consensus.Member;
import io.holdfast.consensus.RaftGroup;
import io.holdfast.consensus.Refusals;
import io.holdfast.consensus.Role;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.connection.TableRecord;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.connection.TcpTuple;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/**
 * One life of a member in its group: journal, votes, group, and the state that committed entries build. Entries are
 * applied by the Raft runner; the other methods may be called from any thread.
 *
 * <p>Every life starts again from the journal's first entry, or from the snapshot that stands for those it dropped, so the state
 * is never a second copy that could differ.
 */
final class ServiceReplica implements GroupListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceReplica.class);

    private Watcher watcher;
    private final CaptureAgent capture;
    private final PacketPipeline pipeline;
    private final LeaseKeeper lease;
    private final ServiceHistory history = new ServiceHistory();
    private final Object tableLock = new Object();
    private ConnectionTable connections; // guarded by tableLock
    private final Journal journal;
    private final VoteStore votes;
    private volatile RaftGroup group;
    private final Ipv4Packet packet = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    private ByteBuffer lastCommand = ByteBuffer.allocate(0);
    private boolean packetsToRelease;
    private volatile long applied;
    private volatile long packetsSinceMark; // written by the runner alone
    private volatile long leaderTerm = -1;

    /** Hears what the group decided. Called on the group's threads; must not block. */
    interface Watcher {
        /** This member leads {@code term}; everything up to {@code electedIndex} is applied. */
        void onLeader(long term, long electedIndex);

        /** This member does not lead (any more). */
        void onFollower(long term, String leader);

        /** Storage failed or an invariant broke: the node must leave the group. */
        void onFailure(Throwable cause);
    }

    ServiceReplica(Path dir, JournalOptions options, ConnectionTable connections, PacketPipeline pipeline, CaptureAgent capture,
                   LeaseKeeper lease) {
        this.capture = capture;
        this.pipeline = pipeline;
        this.lease = lease;
        this.connections = connections;
        this.journal = Journal.open(journalDir(dir), options);
        try {
            this.votes = VoteStore.open(dir);
        } catch (RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    static Path journalDir(Path serviceDir) {
        return serviceDir.resolve("journal");
    }

    /**
     * An operator's word, before {@link #join}: entries this machine may have lost when it lost power are not to be waited
     * for, and its votes count again like any other's. False when there is nothing to accept.
     */
    boolean acceptLoss() {
        boolean mayHaveForgotten = journal.mayHaveForgotten();
        if (mayHaveForgotten) {
            journal.remembered();
        }
        return mayHaveForgotten;
    }

    /** Names who hears of it; before {@link #join}. */
    void watch(Watcher by) {
        watcher = by;
    }

    /** Joins the group; entries are applied and roles change from here on. */
    void join(GroupConfig config) {
        group = RaftGroup.join(config, journal, votes, this);
        pipeline.connect(group);
    }

    @Override
    public void onLeader(long term) {
        leaderTerm = term;
        lease.onEvidence(term, group.electedNanos());
        watcher.onLeader(term, applied);
    }

    @Override
    public void onFollower(long term, String leader) {
        pipeline.close();
        leaderTerm = -1;
        // At once, whatever the service's thread is busy with.
        lease.giveBack();
        watcher.onFollower(term, leader);
    }

    @Override
    public void onCommitted(long index, long term, byte[] command, int offset, int length) {
        EntryKind kind = Command.kind(command, offset);
        if (kind == EntryKind.PACKET) {
            packetsToRelease |= pipeline.onCommitted(term);
            applyPacket(index, command, offset, length);
            packetsSinceMark++;
        } else {
            packetsSinceMark = kind == EntryKind.MARK ? 0 : packetsSinceMark;
            history.onCommitted(index, term, kind, command, offset, length);
            if (kind == EntryKind.CONNECTION_CLOSED) {
                applyClosed(EntryBodies.body(command, offset, length, EntryBodies.Closed.class));
            }
        }
        applied = index;
    }

    @Override
    public void onSnapshot(long index, long term, byte[] state) {
        ServiceSnapshot snapshot = ServiceSnapshot.of(state);
        history.restore(snapshot.history());
        synchronized (tableLock) {
            connections = ConnectionTable.of(snapshot.connections(), WorkloadRestorer.TABLE_CAPACITY);
        }
        packetsSinceMark = 0;
        applied = index;
        LOG.info("starts from the snapshot of entry {}: {} connections", index, snapshot.connections().connections().size());
    }

    @Override
    public void onCommittedAll() {
        if (packetsToRelease) {
            packetsToRelease = false;
            capture.onCommitted();
        }
    }

    /** The group hands out its own buffer again and again, so the view around it is made once. */
    private void applyPacket(long index, byte[] command, int offset, int length) {
        if (lastCommand.array() != command) {
            lastCommand = ByteBuffer.wrap(command);
        }
        if (packet.wrap(lastCommand, offset + Command.HEADER_BYTES, length - Command.HEADER_BYTES)
                && packet.protocol() == Ipv4Packet.PROTOCOL_TCP && segment.wrap(packet)) {
            synchronized (tableLock) {
                connections.apply(index, Command.epochNanos(command, offset), segment);
            }
        }
    }

    private void applyClosed(EntryBodies.Closed closed) {
        synchronized (tableLock) {
            connections.closed(TcpTuple.parse(closed.connection()));
        }
    }

    @Override
    public void onLeaseEvidence(long term, long sentNanos) {
        lease.onEvidence(term, sentNanos);
    }

    @Override
    public void onFailure(Throwable cause) {
        pipeline.close();
        leaderTerm = -1;
        watcher.onFailure(cause);
    }

    /** Whether it has joined the group; before that there is nothing to say of it. */
    boolean hasJoined() {
        return group != null;
    }

    /** Whether this member still leads {@code term}. */
    boolean leads(long term) {
        return leaderTerm == term;
    }

    long applied() {
        return applied;
    }

    /** Packets applied since the last mark. */
    long packetsSinceMark() {
        return packetsSinceMark;
    }

    Journal journal() {
        return journal;
    }

    ServiceHistory history() {
        return history;
    }

    CompletableFuture<Long> propose(EntryKind kind, Object body) {
        return group.propose(EntryBodies.command(kind, body));
    }

    /** Latest moment, by this node's monotonic clock, an older leader's lease can have been earned at. */
    long previousLeaseBoundNanos() {
        return group.previousLeaseBoundNanos();
    }

    /** Hands the lead to a member; see {@link RaftGroup#transferLeadership}. */
    CompletableFuture<Void> transferLeadership(String member) {
        return group.transferLeadership(member);
    }

    GroupStatus groupStatus() {
        return group.status();
    }

    Refusals.Seen refused() {
        return group.refused();
    }

    /** See {@link RaftGroup#compact(long, byte[], ToLongFunction)}. */
    CompletableFuture<Void> compact(long index, byte[] state, ToLongFunction<Journal> keepFrom) {
        return group.compact(index, state, keepFrom);
    }

    /** See {@link RaftGroup#dropPrefix}. */
    CompletableFuture<Void> dropPrefix(ToLongFunction<Journal> keepFrom) {
        return group.dropPrefix(keepFrom);
    }

    /** Lets a member in; see {@link RaftGroup#addMember}. */
    CompletableFuture<Void> addMember(Member member) {
        return group.addMember(member);
    }

    /** Removes one; see {@link RaftGroup#removeMember}. */
    CompletableFuture<Void> removeMember(String member) {
        return group.removeMember(member);
    }

    /** The voting members by the newest entry that says so. */
    List<Member> members() {
        return group.members();
    }

    /** Whether the journal says that this node is a member. */
    boolean isMember() {
        return group.role() != Role.LEARNER && group.role() != Role.REMOVED;
    }

    long term() {
        return group.term();
    }

    String leader() {
        return group.leader();
    }

    Role role() {
        return group.role();
    }

    long commitIndex() {
        return group.commitIndex();
    }

    /** The connection table as of the last applied entry. */
    TableRecord connections() {
        synchronized (tableLock) {
            return connections.toRecord();
        }
    }

    /** A takeover on this node carried the connection; its image counts the server's side {@code delta} further on. */
    void survived(TcpTuple tuple, int delta) {
        synchronized (tableLock) {
            connections.survived(tuple, delta);
        }
    }

    /** Lets {@code action} read and change the table; the runner waits meanwhile. */
    void withConnections(Consumer<ConnectionTable> action) {
        synchronized (tableLock) {
            action.accept(connections);
        }
    }

    /** Those of the kernel's connections that the workload has not accepted, so that no image holds them. */
    List<InFlightConnection> inFlight(List<TcpSocket> sockets) {
        synchronized (tableLock) {
            return InFlightConnection.among(sockets, connections);
        }
    }

    int openConnections() {
        int[] open = new int[1];
        synchronized (tableLock) {
            connections.forEach(c -> open[0] += c.state().isOver() ? 0 : 1);
        }
        return open[0];
    }

    /** Leaves the group and closes the journal. */
    @Override
    public void close() {
        pipeline.close();
        leaderTerm = -1;
        try {
            if (group != null) {
                group.close();
            }
        } finally {
            votes.close();
            journal.close();
        }
    }
}
