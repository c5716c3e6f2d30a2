package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.EmptyMessage;
import org.jgroups.Event;
import org.jgroups.Message;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.raft.Options;
import org.jgroups.util.MessageBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread of jgroups-raft's {@link RAFT}, which alone touches its state; other threads only queue
 * messages and commands for it.
 *
 * <p>Kept of {@link RAFT}: its state of term, vote and leader, its log interface, its runner and its life cycle. Replaced,
 * because the stock class breaks Raft's rules there (docs/adr/0003): how entries are replicated and acknowledged
 * ({@link Replica}, {@link Leadership}), who is elected ({@link Campaign}), and what happens when storage fails. Votes are
 * handled on the same thread as entries: a member that has voted in a term acknowledges nothing of an older one, at
 * whatever moment the vote falls (Raft paper, 5.1 and 5.4.3).
 */
final class GroupRaft extends RAFT {
    private static final short ID = 1601;
    private static final Logger LOG = LoggerFactory.getLogger(GroupRaft.class);
    private static final int MESSAGES_A_TURN = 256;
    private static final int APPLIED_A_TURN = 4096;
    private static final long NANOS_PER_MS = 1_000_000;

    static {
        ClassConfigurator.addProtocol(ID, GroupRaft.class);
        ClassConfigurator.add(GroupHeader.MAGIC, GroupHeader.class);
    }

    private record Received(GroupHeader header, Message message, Peer lost) {
    }

    private final GroupConfig config;
    private final Journal journal;
    private final JournalLog journalLog;
    private final GroupListener listener;
    private final LongSupplier clock;
    private final List<Peer> peers = new ArrayList<>();
    private final ProposalRing proposals;
    private final Replica replica;
    private final Campaign campaign;
    private final JournalEntry applying = new JournalEntry();

    private final Queue<Received> urgent = new ConcurrentLinkedQueue<>();
    private final Queue<Received> inbox = new ConcurrentLinkedQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread runnerThread;
    private volatile boolean parked;
    private volatile boolean connected;
    private volatile boolean stopping;

    private Leadership leadership;
    private long applied;
    private Role toldRole;
    private long toldTerm;
    private String toldLeader;

    private volatile Role shownRole = Role.FOLLOWER;
    private volatile long shownTerm;
    private volatile String shownLeader;
    private volatile long shownCommit;
    private volatile long shownApplied;
    private volatile long previousLeaseBoundNanos;
    private volatile long electedNanos;
    private volatile Throwable failure;
    private volatile List<GroupStatus.PeerStatus> shownPeers = List.of();
    private long showPeersAt;

    GroupRaft(GroupConfig config, Journal journal, VoteStore votes, GroupListener listener, LongSupplier clock,
              RandomGenerator random) {
        this.config = config;
        this.journal = journal;
        this.journalLog = new JournalLog(journal, votes);
        this.listener = listener;
        this.clock = clock;
        for (Member member : config.members()) {
            if (!member.name().equals(config.self())) {
                peers.add(new Peer(member));
            }
        }
        proposals = new ProposalRing(config.maxInFlightBytes(), config.maxInFlight());
        replica = new Replica(this, journal);
        campaign = new Campaign(this, random);
        applied = Math.max(0, journal.firstIndex() - 1);
        raftId(config.self());
        members(config.members().stream().map(Member::name).toList());
        maxLogCacheSize(0);
        maxLogSize(Long.MAX_VALUE);
        log(journalLog);
    }

    // ---- life cycle, called by JGroups

    /** The stock class would apply the log on the caller's thread; the runner does it, like every other commit. */
    @Override
    public void initStateMachineFromLog() {
        // See applyCommitted().
    }

    @Override
    public void start() throws Exception {
        if (commitBeyondJournal()) {
            throw new IllegalStateException("commit index " + journal.commitIndex() + " is behind the journal's last entry "
                    + journal.lastIndex());
        }
        super.start();
        shownTerm = currentTerm();
        shownCommit = commit_index;
    }

    private boolean commitBeyondJournal() {
        return journal.commitIndex() > journal.lastIndex();
    }

    /** Ends the runner between two turns: an interrupt in the middle of one would close the journal's files. */
    @Override
    public void stop() {
        stopping = true;
        wake();
        if (Thread.currentThread() != runnerThread && runnerThread != null) {
            awaitEnd();
        }
        super.stop();
    }

    private void awaitEnd() {
        boolean interrupted = false;
        while (true) {
            try {
                if (!ended.await(10, TimeUnit.SECONDS)) {
                    LOG.error("{}: the runner thread does not end; a listener or the disk holds it", config.self());
                    continue;
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Object down(Event event) {
        Object result = down_prot.down(event);
        if (event.getType() == Event.CONNECT) {
            connected = true;
            wake();
        } else if (event.getType() == Event.DISCONNECT) {
            connected = false;
        }
        return result;
    }

    @Override
    public Object up(Event event) {
        return up_prot.up(event);
    }

    // ---- from other threads

    @Override
    public Object up(Message message) {
        GroupHeader header = message.getHeader(getId());
        if (header == null) {
            return up_prot.up(message);
        }
        enqueue(header, message);
        return null;
    }

    @Override
    public void up(MessageBatch batch) {
        for (Message message : batch) {
            GroupHeader header = message.getHeader(getId());
            if (header != null) {
                enqueue(header, message);
            }
        }
    }

    private void enqueue(GroupHeader header, Message message) {
        boolean bulk = header.kind() == MessageKind.APPEND || header.kind() == MessageKind.APPEND_ANSWER;
        (bulk ? inbox : urgent).add(new Received(header, message, null));
        wake();
    }

    void connectionClosed(Address place) {
        for (Peer peer : peers) {
            if (peer.place.equals(place)) {
                urgent.add(new Received(null, null, peer));
                wake();
            }
        }
    }

    boolean offer(byte[] command, int offset, int length) {
        boolean taken = proposals.offer(command, offset, length);
        if (taken) {
            wake();
        }
        return taken;
    }

    CompletableFuture<Long> propose(byte[] command) {
        if (command.length > proposals.maxCommandBytes()) {
            throw new IllegalArgumentException("command of " + command.length + " bytes is longer than "
                    + proposals.maxCommandBytes());
        }
        CompletableFuture<Long> future = proposals.propose(command);
        if (future == null) {
            return CompletableFuture.failedFuture(new NotLeaderException(shownTerm, shownLeader));
        }
        wake();
        return future;
    }

    /** Commands come in by {@link RaftGroup} alone, which keeps their order and their bound. */
    @Override
    public CompletableFuture<byte[]> setAsync(byte[] buffer, int offset, int length, boolean internal, Options options) {
        throw new IllegalStateException("propose through the group");
    }

    private void wake() {
        if (parked) {
            LockSupport.unpark(runnerThread);
        }
    }

    // ---- the runner thread

    /** One turn of the runner. The stock loop swallows what a turn throws; here it ends the group (invariant I7). */
    @Override
    protected void processQueue() {
        if (runnerThread == null) {
            runnerThread = Thread.currentThread();
            runnerThread.setName("raft-" + config.groupName() + "-" + config.self());
        }
        if (stopping || failure != null) {
            end();
            return;
        }
        try {
            long waitNanos = turn();
            if (waitNanos > 0) {
                park(waitNanos);
            }
        } catch (Throwable t) {
            fail(t);
        }
    }

    private void park(long nanos) {
        parked = true;
        if (urgent.isEmpty() && inbox.isEmpty() && (leadership == null || proposals.isEmpty()) && !stopping) {
            LockSupport.parkNanos(this, nanos);
        }
        parked = false;
    }

    private void end() {
        if (ended.getCount() > 0) {
            loseLeadership();
            shownRole = Role.STOPPED;
            ended.countDown();
        }
        LockSupport.park(this); // until the base class ends this thread
    }

    private void fail(Throwable cause) {
        failure = cause;
        LOG.error("{}: the group stops: {}", config.self(), cause.toString(), cause);
        journal.failed(cause);
        loseLeadership();
        shownRole = Role.STOPPED;
        ended.countDown();
        listener.onFailure(cause);
    }

    /** Handles what waits; returns how long nothing is due. */
    long turn() {
        if (!connected) {
            return applyCommitted() ? 0 : 10 * NANOS_PER_MS;
        }
        boolean more = receive();
        if (leadership != null) {
            more |= leadership.takeProposals();
        }
        long now = clock.getAsLong();
        long due = leadership != null ? leadership.tick(now) : campaign.tick(now);
        replica.answer();
        more |= applyCommitted();
        show(now);
        return more ? 0 : Math.max(0, due - clock.getAsLong());
    }

    private boolean receive() {
        for (int i = 0; i < MESSAGES_A_TURN; i++) {
            Received next = urgent.poll();
            if (next == null) {
                next = inbox.poll();
            }
            if (next == null) {
                return false;
            }
            if (next.lost() != null) {
                campaign.connectionLost(next.lost());
            } else {
                handle(next.header(), next.message());
            }
        }
        return true;
    }

    private void handle(GroupHeader header, Message message) {
        Peer from = peerOf(message.src());
        MessageKind kind = header.kind();
        if (from == null || kind == null) {
            LOG.warn("{}: dropped {} from {}, not a member of this group", config.self(), header, message.src());
            return;
        }
        heard(from, message.src());
        // A question about a next term binds nobody (dissertation, 9.6); any other newer term does (Raft, 5.1).
        if (header.currTerm() > currentTerm() && kind != MessageKind.PRE_VOTE) {
            follow(header.currTerm(), kind.fromLeader() ? from : null);
        }
        switch (kind) {
            case APPEND -> replica.onAppend(from, header, message);
            case HEARTBEAT -> replica.onHeartbeat(from, header);
            case PRE_VOTE -> campaign.onPreVote(from, header);
            case PRE_VOTE_ANSWER -> campaign.onPreVoteAnswer(from, header);
            case VOTE -> campaign.onVote(from, header);
            case VOTE_ANSWER -> campaign.onVoteAnswer(from, header);
            case APPEND_ANSWER, HEARTBEAT_ANSWER -> {
                if (leadership != null && header.currTerm() == currentTerm()) {
                    leadership.onAnswer(kind, from, header);
                }
            }
        }
    }

    private void heard(Peer from, Address address) {
        boolean restarted = from.address != null && !from.address.equals(address);
        from.heardAt(clock.getAsLong(), address);
        if (restarted && leadership != null) {
            leadership.restarted(from);
        }
    }

    private Peer peerOf(Address source) {
        for (Peer peer : peers) {
            if (source.equals(peer.address)) {
                return peer;
            }
        }
        String name = org.jgroups.raft.util.Utils.extractRaftId(source);
        return peers.stream().filter(p -> p.name.equals(name)).findFirst().orElse(null);
    }

    // ---- term, leader, role

    /**
     * Follows in this term, under this leader if one is known. Term and leader change in one step: an old leader's late
     * message cannot be installed in a newer term (stock: term first, leader afterwards, from another thread).
     */
    void follow(long newTerm, Peer leader) {
        loseLeadership();
        if (newTerm > currentTerm()) {
            raft_state.tryAdvanceTermAndLeader(newTerm, leader == null ? null : leader.address);
            replica.newTerm();
        } else if (leader != null) {
            raft_state.tryAdvanceTermAndLeader(newTerm, leader.address);
        } else {
            raft_state.setLeader(null);
        }
        campaign.end();
        tell(Role.FOLLOWER, leader == null ? null : leader.name);
    }

    /** Opens a term of this member's own and votes for itself in it. */
    void stand() {
        raft_state.tryAdvanceTermAndLeader(currentTerm() + 1, null);
        raft_state.setVotedFor(local_addr);
        replica.newTerm();
        tell(Role.CANDIDATE, null);
    }

    void vote(Peer candidate) {
        if (journalLog.votedForName() == null) {
            raft_state.setVotedFor(candidate.address);
        }
    }

    String votedForName() {
        return journalLog.votedForName();
    }

    void lead(long boundNanos) {
        electedNanos = clock.getAsLong();
        previousLeaseBoundNanos = boundNanos;
        raft_state.tryAdvanceTermAndLeader(currentTerm(), local_addr);
        tell(Role.LEADER, config.self());
        leadership = new Leadership(this, journal, proposals);
        leadership.begin(electedNanos);
    }

    private void loseLeadership() {
        if (leadership == null) {
            return;
        }
        Leadership lost = leadership;
        leadership = null;
        lost.end();
        for (Peer peer : peers) {
            peer.progress = GroupStatus.PeerProgress.NOT_LED;
        }
    }

    private void tell(Role role, String leader) {
        long term = currentTerm();
        shownRole = role;
        shownTerm = term;
        shownLeader = leader;
        boolean changed = role != toldRole || term != toldTerm || !Objects.equals(leader, toldLeader);
        if (!changed) {
            return;
        }
        LOG.info("{}: {} in term {}, leader {}", config.self(), role, term, leader);
        boolean follower = role != Role.LEADER;
        boolean news = toldRole == null || toldRole == Role.LEADER || !Objects.equals(leader, toldLeader) || term != toldTerm;
        toldRole = role;
        toldTerm = term;
        toldLeader = leader;
        if (follower && news) {
            listener.onFollower(term, leader);
        }
    }

    /** The base class calls it when term or leader change; the role is kept here, and changed with them. */
    @Override
    protected RAFT changeRole(org.jgroups.protocols.raft.Role newRole) {
        return this;
    }

    // ---- commit and apply

    void appendedTo(long index) {
        last_appended = index;
    }

    void commitTo(long index) {
        if (index > commit_index) {
            commit_index = index;
            shownCommit = index;
            journal.commitIndex(index);
        }
    }

    /** Returns whether more waits: a long journal is applied in pieces, so that heartbeats are answered meanwhile. */
    private boolean applyCommitted() {
        long limit = Math.min(commit_index, applied + APPLIED_A_TURN);
        while (applied < limit) {
            long index = applied + 1;
            if (!journal.read(index, applying)) {
                throw new IllegalStateException("committed entry " + index + " is not in the journal");
            }
            if (!applying.internal() && applying.kind() != EntryKind.GROUP_INTERNAL) {
                listener.onCommitted(index, applying.term(), applying.buffer(), applying.commandOffset(),
                        applying.commandLength());
            }
            applied = index;
            shownApplied = index;
            if (leadership != null) {
                leadership.applied(index);
            }
        }
        return applied < commit_index;
    }

    // ---- sending

    void send(Peer to, MessageKind kind, boolean granted, long a, long b, long c, long d) {
        send(new EmptyMessage(to.place), new GroupHeader(kind, currentTerm(), granted, a, b, c, d));
    }

    void sendAbout(Peer to, MessageKind kind, long term, long a, long b) {
        send(new EmptyMessage(to.place), new GroupHeader(kind, term, false, a, b, 0, 0));
    }

    void sendEntries(Peer to, byte[] payload, long previousIndex, long previousTerm, long checksum) {
        send(new BytesMessage(to.place, payload), new GroupHeader(MessageKind.APPEND, currentTerm(), true, previousIndex,
                previousTerm, commit_index, checksum));
    }

    private void send(Message message, GroupHeader header) {
        down_prot.down(message.putHeader(getId(), header));
    }

    // ---- what the parts and the status ask

    GroupConfig config() {
        return config;
    }

    List<Peer> peers() {
        return peers;
    }

    GroupListener listener() {
        return listener;
    }

    long nanoTime() {
        return clock.getAsLong();
    }

    long term() {
        return currentTerm();
    }

    long lastIndex() {
        return journal.lastIndex();
    }

    long lastTerm() {
        return journal.lastTerm();
    }

    long committed() {
        return commit_index;
    }

    boolean leads() {
        return leadership != null;
    }

    boolean hasLeader() {
        return leader() != null;
    }

    boolean isLeader(Peer peer) {
        Address leader = leader();
        return leader != null && leader.equals(peer.address);
    }

    Replica replica() {
        return replica;
    }

    Campaign campaign() {
        return campaign;
    }

    private void show(long now) {
        if (now - showPeersAt < 0) {
            return;
        }
        showPeersAt = now + 50 * NANOS_PER_MS;
        List<GroupStatus.PeerStatus> seen = new ArrayList<>();
        for (Peer peer : peers) {
            seen.add(new GroupStatus.PeerStatus(peer.name, peer.heard ? (now - peer.heardNanos) / NANOS_PER_MS : -1,
                    peer.progress, leadership == null ? 0 : peer.matchIndex, leadership == null ? 0 : peer.commitIndex));
        }
        shownPeers = seen;
    }

    GroupStatus status() {
        Throwable cause = failure;
        Role role = shownRole;
        return new GroupStatus(config.groupName(), config.self(), role, shownTerm, shownLeader, proposals.isOpen(),
                journal.firstIndex(), journal.lastIndex(), shownCommit, shownApplied, proposals.inFlight(), shownPeers,
                cause == null ? null : cause.toString());
    }

    Role shownRole() {
        return shownRole;
    }

    long shownTerm() {
        return shownTerm;
    }

    String shownLeader() {
        return shownLeader;
    }

    long shownCommit() {
        return shownCommit;
    }

    long electedNanos() {
        return electedNanos;
    }

    long previousLeaseBoundNanos() {
        return previousLeaseBoundNanos;
    }
}
