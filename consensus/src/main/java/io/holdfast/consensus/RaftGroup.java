package io.holdfast.consensus;

import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.VoteStore;
import org.jgroups.JChannel;

/**
 * Any thread: one member's part in one group. Its own runner thread does the work and calls the listener.
 *
 * <p>The group does not own the journal and the votes: the node opens them before it joins and closes them after it has
 * left.
 */
public final class RaftGroup implements AutoCloseable {
    private static final Set<EntryKind> RESERVED = EnumSet.of(EntryKind.TERM_START, EntryKind.GROUP_INTERNAL);

    private final GroupConfig config;
    private final JChannel channel;
    private final GroupRaft raft;
    private final GroupTransport transport;
    private final ExecutorService beside;

    private RaftGroup(GroupConfig config, JChannel channel, GroupRaft raft, GroupTransport transport, ExecutorService beside) {
        this.config = config;
        this.channel = channel;
        this.raft = raft;
        this.transport = transport;
        this.beside = beside;
    }

    /**
     * Starts to take part; returns without waiting for the others. Committed entries of the journal are given to the
     * listener again, from the first one on.
     *
     * @throws GroupException when the transport cannot start, for instance because the port is taken
     */
    public static RaftGroup join(GroupConfig config, Journal journal, VoteStore votes, GroupListener listener) {
        Member self = config.selfMember();
        GroupTransport transport = new GroupTransport(config);
        ExecutorService beside = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "raft-disk-" + config.groupName() + "-" + self.name());
            thread.setDaemon(true);
            return thread;
        });
        GroupRaft raft = new GroupRaft(config, journal, votes, listener, System::nanoTime, RandomGenerator.getDefault(),
                transport, beside);
        transport.onClosedConnection(raft::connectionClosed);
        transport.expect(() -> raft.shown().members);
        JChannel channel = null;
        try {
            channel = new JChannel(transport, raft);
            channel.setName(self.name());
            channel.connect(config.groupName());
        } catch (Exception e) {
            if (channel != null) {
                channel.close();
            }
            beside.shutdown();
            throw new GroupException("member " + self.name() + " of group " + config.groupName() + " cannot start on "
                    + self.address().getHostAddress() + ":" + self.port() + ": " + e.getMessage(), e);
        }
        return new RaftGroup(config, channel, raft, transport, beside);
    }

    /**
     * Proposes a command; the leader's fast path. The bytes are copied, entries take the order of the calls, and nothing
     * is allocated.
     *
     * @return false when this member does not lead, when the first entry of its term is not committed yet, or when too
     *         many entries are in flight
     */
    public boolean offer(byte[] command, int offset, int length) {
        boolean taken = enqueue(command, offset, length);
        if (taken) {
            raft.flush();
        }
        return taken;
    }

    /**
     * Like {@link #offer}, but the command may wait until {@link #flush}: for a caller that has several at once.
     */
    public boolean enqueue(byte[] command, int offset, int length) {
        requireCommand(command, offset, length);
        return raft.enqueue(command, offset, length);
    }

    /** Sends on what was enqueued. May append and send on the caller's thread; never waits for the disk or a peer. */
    public void flush() {
        raft.flush();
    }

    /**
     * Proposes a command and tells its index once it is committed and applied here. Fails with {@link NotLeaderException}
     * when this member does not lead or loses the lead; the entry may be committed all the same in that case.
     */
    public CompletableFuture<Long> propose(byte[] command) {
        requireCommand(command, 0, command.length);
        return raft.propose(command);
    }

    /** Here, on the caller's thread: on the runner the journal's refusal would stop the group. */
    private void requireCommand(byte[] command, int offset, int length) {
        String problem = Command.problem(command, offset, length);
        if (problem == null && length > config.maxCommandBytes()) {
            problem = "command of " + length + " bytes is longer than " + config.maxCommandBytes();
        } else if (problem == null && Command.kind(command, offset).isRecordOnly()) {
            problem = "a " + Command.kind(command, offset) + " is never proposed";
        } else if (problem == null && RESERVED.contains(Command.kind(command, offset))) {
            problem = Command.kind(command, offset) + " is written by the group itself";
        }
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
    }

    /**
     * Hands the lead to this member, or, for null, to the one that holds most. Meanwhile {@link #offer} takes nothing. Done
     * when the other leads; fails with the reason, and this member leads on, when that takes longer than the election timeout.
     */
    public CompletableFuture<Void> transferLeadership(String name) {
        return raft.request((requests, done) -> requests.transfer(name, done));
    }

    /**
     * Leader only: lets a member in that was started with {@link GroupConfig#asJoining()}. It is brought up to date first and
     * counts only then. Done when the change is committed; at once when it is a member already. One change at a time.
     */
    public CompletableFuture<Void> addMember(Member member) {
        Objects.requireNonNull(member, "member");
        return raft.request((requests, done) -> requests.add(member, done));
    }

    /**
     * Leader only: removes a member, this one too, which then hands the lead over. Done when the change is committed; at once
     * when there is no such member.
     */
    public CompletableFuture<Void> removeMember(String name) {
        Objects.requireNonNull(name, "name");
        return raft.request((requests, done) -> requests.remove(name, done));
    }

    /**
     * Any member, each for itself: {@code state} stands for all entries up to {@code index}, which is applied here, from now
     * on; they are dropped from the journal, except what a follower that is nearly up to date still needs. The state comes
     * back by {@link GroupListener#onSnapshot}, here after a restart or on a member that needs dropped entries. Done when it
     * is on stable storage.
     */
    public CompletableFuture<Void> compact(long index, byte[] state) {
        return compact(index, state, journal -> Long.MAX_VALUE);
    }

    /**
     * Like {@link #compact(long, byte[])}, but drops less: entries from {@code keepFrom} on stay. It is asked on the runner
     * and must not block.
     */
    public CompletableFuture<Void> compact(long index, byte[] state, ToLongFunction<Journal> keepFrom) {
        byte[] copy = state.clone();
        return raft.request((requests, done) -> requests.compact(index, copy, keepFrom, done));
    }

    /** Drops entries that the newest snapshot stands for, as {@link #compact} does, if any before {@code keepFrom} are left. */
    public CompletableFuture<Void> dropPrefix(ToLongFunction<Journal> keepFrom) {
        return raft.request((requests, done) -> requests.drop(keepFrom, done));
    }

    /** The voting members by the newest entry that says so, committed or not. */
    public List<Member> members() {
        return raft.shown().members;
    }

    public Role role() {
        return raft.shown().role;
    }

    public long term() {
        return raft.shown().term;
    }

    /** Name of the leader in the current term, or null when none is known. */
    public String leader() {
        return raft.shown().leader;
    }

    public long commitIndex() {
        return raft.shown().commitIndex;
    }

    public long lastIndex() {
        return raft.status().lastIndex();
    }

    public GroupStatus status() {
        return raft.status();
    }

    /** Whose connections were turned away: strangers, and members with another key. */
    public Refusals.Seen refused() {
        return transport.refused();
    }

    /** When this member was last elected, as {@link System#nanoTime()}. Only of meaning after an election. */
    public long electedNanos() {
        return raft.shown().electedNanos;
    }

    /** How long this member did not hear the leader before it heard one again, at most, since this was asked last. */
    public long takeLongestSilenceNanos() {
        return raft.shown().longestSilenceNanos.getAndSet(0);
    }

    /**
     * The latest {@link System#nanoTime()} on this node at which an older leader can have <em>sent</em> what a majority
     * answered, that is, the latest {@code sentNanos} of {@link GroupListener#onLeaseEvidence} on any older leader. Known
     * from the election on, before {@link GroupListener#onLeader}: each vote says when its giver last answered an older
     * leader, and the majority that votes shares a member with any majority that answered. An older leader's lease,
     * counted from its evidence, is over when the lease time has passed since then. {@link Campaign} has the argument in
     * full. Only of meaning on a leader.
     */
    public long previousLeaseBoundNanos() {
        return raft.shown().previousLeaseBoundNanos;
    }

    /** Leaves. When it returns, the listener is not called any more and the journal is not touched any more. */
    @Override
    public void close() {
        channel.close();
        beside.shutdown();
        boolean interrupted = false;
        boolean over = false;
        while (!over) {
            try {
                over = beside.awaitTermination(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
