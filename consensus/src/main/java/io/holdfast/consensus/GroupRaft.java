package io.holdfast.consensus;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

import io.holdfast.journal.Durability;
import io.holdfast.journal.Journal;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.Event;
import org.jgroups.Message;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.raft.Options;
import org.jgroups.util.MessageBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by whoever has the turn ({@link Turns}): the runner thread of jgroups-raft's {@link RAFT}, which alone handles
 * messages and calls the listener, or a thread that appends and sends what it has proposed. Others only queue messages
 * and commands.
 *
 * <p>Kept of {@link RAFT}: its state of term, vote and leader, its log interface, its runner and its life cycle. Replaced,
 * because the stock class breaks Raft's rules there (docs/adr/0003): how entries are replicated and acknowledged
 * ({@link Replica}, {@link Leadership}), who is elected ({@link Campaign}), and what happens when storage fails. Votes are
 * handled on the same thread as entries: a member that has voted in a term acknowledges nothing of an older one, at
 * whatever moment the vote falls (Raft paper, 5.1 and 5.4.3).
 */
class GroupRaft extends RAFT {
    private static final short ID = 1601;
    private static final Logger LOG = LoggerFactory.getLogger(GroupRaft.class);
    private static final long NANOS_PER_MS = 1_000_000;

    static {
        ClassConfigurator.addProtocol(ID, GroupRaft.class);
        ClassConfigurator.add(GroupHeader.MAGIC, GroupHeader.class);
    }

    private final GroupConfig config;
    private final Journal journal;
    private final JournalLog journalLog;
    private final GroupListener listener;
    private final LongSupplier clock;
    private final Executor beside;
    private final Roster roster;
    private final ProposalRing proposals;
    private final Replica replica;
    private final Campaign campaign;
    private final Applier applier;
    private final Announcer announcer;
    private final Receiver receiver;
    private final Requests requests;
    private final SnapshotIntake intake;

    private final Outbox outbox;
    private final Doze doze;
    private final Mailbox mailbox;
    private final Turns turns = new Turns();
    private final Turns.Work runnersTurn = this::turnWithInput;
    private final BooleanSupplier takingProposals = this::takeProposals;
    private boolean proposalsWanted;
    private final Shown shown = new Shown();
    private final Attention attention = new Attention();
    private final RunnerLife life;
    private volatile boolean connected;
    private volatile boolean stopping;

    private Leadership leadership;

    GroupRaft(GroupConfig config, Journal journal, VoteStore votes, GroupListener listener, LongSupplier clock,
              RandomGenerator random, Doze doze, Executor beside) {
        this.config = config;
        this.journal = journal;
        this.journalLog = new JournalLog(journal, votes);
        this.listener = listener;
        this.clock = clock;
        this.beside = beside;
        this.doze = doze;
        this.life = new RunnerLife(config);
        this.mailbox = new Mailbox(doze);
        roster = new Roster(config, shown, random);
        roster.restore(journal);
        outbox = new Outbox(this);
        receiver = new Receiver(this, mailbox);
        requests = new Requests(this, journal, new Compactions(this, journal, mailbox, beside));
        intake = new SnapshotIntake(this, journal);
        proposals = new ProposalRing(config.maxInFlightBytes(), config.maxInFlight());
        replica = new Replica(this, journal);
        campaign = new Campaign(this, journal, attention, random);
        applier = new Applier(journal, listener, shown, roster);
        announcer = new Announcer(config.self(), shown, listener);
        setId(ID);
        raftId(config.self());
        members(config.members().stream().map(Member::name).toList()); // the base class wants them; the roster knows
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
        journalLog.begin();
        super.start();
        shown.term = currentTerm();
        shown.commitIndex = commit_index;
        shown.role = roster.roleOfFollower();
    }

    /** Ends the runner between two turns: an interrupt in the middle of one would close the journal's files. */
    @Override
    public void stop() {
        stopping = true;
        mailbox.wake();
        life.awaitEnd();
        super.stop();
    }

    @Override
    public Object down(Event event) {
        Object result = down_prot.down(event);
        if (event.getType() == Event.CONNECT) {
            connected = true;
            mailbox.wake();
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
        mailbox.add(header, message);
        return null;
    }

    @Override
    public void up(MessageBatch batch) {
        for (Message message : batch) {
            GroupHeader header = message.getHeader(getId());
            if (header != null) {
                mailbox.add(header, message);
            }
        }
    }

    void connectionClosed(Address place) {
        mailbox.addLost(place);
    }

    /** Runs on the runner thread; after the end of the group the future fails. */
    CompletableFuture<Void> request(BiConsumer<Requests, CompletableFuture<Void>> asked) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        mailbox.addRequest(() -> asked.accept(requests, done));
        if (life.isOver()) {
            done.completeExceptionally(new NotLeaderException(shown.term, null));
        }
        return done;
    }

    boolean enqueue(byte[] command, int offset, int length) {
        return proposals.offer(command, offset, length);
    }

    /** Appends and sends what was enqueued: here and now if the runner sleeps, else the runner does it next. */
    void flush() {
        boolean done = journal.durability() != Durability.DISK && turns.tryTurn(takingProposals);
        if (!done) {
            mailbox.wake();
        }
    }

    /** A proposer's turn, in which nothing is handed to the listener. True when the runner has nothing to do after it. */
    private boolean takeProposals() {
        long committed = commit_index;
        boolean more = leadership != null && !stopping && shown.failure == null
                && leadership.takeProposals(attention.looksAgainBy());
        return !more && commit_index == committed;
    }

    CompletableFuture<Long> propose(byte[] command) {
        CompletableFuture<Long> future = proposals.propose(command);
        if (future == null) {
            return CompletableFuture.failedFuture(new NotLeaderException(shown.term, shown.leader));
        }
        mailbox.wake();
        return future;
    }

    /** Commands come in by {@link RaftGroup} alone, which keeps their order and their bound. */
    @Override
    public CompletableFuture<byte[]> setAsync(byte[] buffer, int offset, int length, boolean internal, Options options) {
        throw new IllegalStateException("propose through the group");
    }

    // ---- the runner thread

    /** One turn of the runner. The stock loop swallows what a turn throws; here it ends the group (invariant I7). */
    @Override
    protected void processQueue() {
        if (life.begins()) {
            mailbox.readBy(Thread.currentThread());
        }
        if (stopping || shown.failure != null) {
            turns.last(life.isOver() ? () -> { } : this::takeNoPart);
            LockSupport.park(this); // until the base class ends this thread
            return;
        }
        try {
            long waitNanos = turns.runnerTurn(runnersTurn);
            if (waitNanos > 0 && !stopping) {
                mailbox.sleep(waitNanos, proposalsWanted ? proposals : null);
            }
        } catch (Throwable t) {
            turns.last(() -> fail(t));
        }
    }

    private long turnWithInput() throws Exception {
        long began = clock.getAsLong();
        doze.takeIn();
        long waitNanos = turn();
        proposalsWanted = leadership != null && leadership.hasRoom();
        life.noticeTurn(clock.getAsLong() - began);
        return waitNanos;
    }

    void fail(Throwable cause) {
        shown.failure = cause;
        LOG.error("{}: the group stops: {}", config.self(), cause.toString(), cause);
        journal.failed(cause);
        try {
            takeNoPart();
        } finally {
            listener.onFailure(cause);
        }
    }

    private void takeNoPart() {
        loseLeadership();
        shown.role = Role.STOPPED;
        receiver.answerLastRequests();
        requests.end();
        life.over();
    }

    /** Handles what waits, if storage has not failed beside the runner (I7); returns how long nothing is due. */
    long turn() {
        journal.checkUsable();
        attention.turnBegins(clock.getAsLong());
        long waitNanos = connected ? work() : applyCommitted() ? 0 : 10 * NANOS_PER_MS;
        attention.turnEnds(clock.getAsLong(), waitNanos);
        return waitNanos;
    }

    private long work() {
        boolean more = receiver.receive();
        if (leadership != null) {
            more |= leadership.takeProposals(clock.getAsLong());
        }
        long now = clock.getAsLong();
        long due = leadership != null ? leadership.tick(now) : campaign.tick(now);
        long requestDue = requests.tick(now);
        replica.answer();
        more |= applyCommitted();
        shown.peers(roster.peers(), leadership != null, now);
        receiver.giveUpDeadConnections(now);
        long untilDue = Math.min(due - now, requestDue - now);
        return more ? 0 : Math.max(0, untilDue - (clock.getAsLong() - now));
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
        announcer.announce(roster.roleOfFollower(), currentTerm(), leader == null ? null : leader.name);
    }

    /** Opens a term of this member's own and votes for itself in it. */
    void stand() {
        raft_state.tryAdvanceTermAndLeader(currentTerm() + 1, null);
        raft_state.setVotedFor(local_addr);
        replica.newTerm();
        announcer.announce(Role.CANDIDATE, currentTerm(), null);
    }

    /** Gives this term's vote to the candidate; false when another has it. */
    boolean vote(Peer candidate) {
        String given = journalLog.votedForName();
        if (given == null) {
            raft_state.setVotedFor(candidate.address);
        }
        return given == null || given.equals(candidate.name);
    }

    void lead(long boundNanos) {
        long now = clock.getAsLong();
        shown.electedNanos = now;
        shown.previousLeaseBoundNanos = boundNanos;
        raft_state.tryAdvanceTermAndLeader(currentTerm(), local_addr);
        announcer.announce(Role.LEADER, currentTerm(), config.self());
        leadership = new Leadership(this, journal, proposals);
        leadership.begin(now);
    }

    private void loseLeadership() {
        if (leadership == null) {
            return;
        }
        Leadership lost = leadership;
        leadership = null;
        lost.end();
        requests.lostLead();
        roster.retireServed();
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

    /** An entry that may state who is a member. */
    void appended(long index, byte[] command, int offset, int length) {
        last_appended = index;
        if (roster.appended(index, command, offset, length)) {
            membersChanged();
        }
    }

    void cutFrom(long index) {
        last_appended = journal.lastIndex();
        if (roster.cutFrom(index)) {
            membersChanged();
        }
    }

    void membersChanged() {
        if (leadership == null && shown.role != Role.CANDIDATE) {
            announcer.announce(roster.roleOfFollower(), currentTerm(), shown.leader);
        }
    }

    /** Any thread. Every entry appended so far is as durable as configured when it returns. */
    void syncIfAsked() {
        if (journal.durability() == Durability.DISK) {
            journal.sync();
        }
    }

    void commitTo(long index) {
        if (index > commit_index) {
            commit_index = index;
            shown.commitIndex = index;
            journal.commitIndex(index);
        }
    }

    /** The journal was replaced by a snapshot. */
    void installed(long index, GroupSnapshot snapshot) {
        last_appended = journal.lastIndex();
        commit_index = index;
        shown.commitIndex = index;
        roster.installed(index, snapshot.configuration());
        membersChanged();
        applier.restore(index, journal.termAt(index), snapshot);
        replica.sameAsLeaderTo(index);
    }

    private boolean applyCommitted() {
        return applier.applyTo(commit_index, leadership);
    }

    // ---- what the parts and the status ask

    GroupConfig config() {
        return config;
    }

    List<Peer> peers() {
        return roster.peers();
    }

    Roster roster() {
        return roster;
    }

    /** The group this member belongs to beyond doubt, or null. */
    UUID group() {
        return roster.group(commit_index);
    }

    GroupListener listener() {
        return listener;
    }

    Executor beside() {
        return beside;
    }

    long nanoTime() {
        return clock.getAsLong();
    }

    long term() {
        return currentTerm();
    }

    long committed() {
        return commit_index;
    }

    boolean leads() {
        return leadership != null;
    }

    /** Null while this member does not lead. */
    Leadership leadership() {
        return leadership;
    }

    boolean hasLeader() {
        return leader() != null;
    }

    boolean isLeader(Peer peer) {
        Address leader = leader();
        return leader != null && leader.equals(peer.address);
    }

    Outbox outbox() {
        return outbox;
    }

    Replica replica() {
        return replica;
    }

    SnapshotIntake intake() {
        return intake;
    }

    Campaign campaign() {
        return campaign;
    }

    Shown shown() {
        return shown;
    }

    GroupStatus status() {
        return shown.status(config, journal, proposals);
    }
}
