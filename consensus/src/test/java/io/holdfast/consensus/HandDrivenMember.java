package io.holdfast.consensus;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

import io.holdfast.journal.Command;
import io.holdfast.journal.Journal;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.EmptyMessage;
import org.jgroups.Message;

/** Owned by the test's thread: our class as member n1 of three, message by message and turn by turn. */
final class HandDrivenMember implements GroupListener, AutoCloseable {
    static final long MS = 1_000_000;

    final Journal journal;
    final VoteStore votes;
    final HandDrivenRaft raft;
    final List<Message> sent = new ArrayList<>();
    final List<String> applied = new ArrayList<>();
    final List<String> told = new ArrayList<>();
    final List<Long> evidence = new ArrayList<>();
    final Address second;
    final Address third;
    long now = 1000 * MS;
    /** Where the test wants to say when it is done: what a thread beside the runner is to do. */
    ArrayDeque<Runnable> beside;
    /** How many messages had been sent when the group failed; -1 while it has not. */
    int sentAtFailure = -1;

    HandDrivenMember(Path directory, long... terms) {
        this(directory, UnaryOperator.identity(), terms);
    }

    HandDrivenMember(Path directory, UnaryOperator<GroupConfig> settings, long... terms) {
        this(StockRaft.journalOf(directory, terms), votesOf(directory, terms), settings);
    }

    HandDrivenMember(Journal journal, VoteStore votes) {
        this(journal, votes, UnaryOperator.identity());
    }

    private HandDrivenMember(Journal journal, VoteStore votes, UnaryOperator<GroupConfig> settings) {
        this.journal = journal;
        this.votes = votes;
        Random random = new Random(1);
        InetAddress here = InetAddress.getLoopbackAddress();
        List<Member> members = List.of(new Member("n1", here, 1), new Member("n2", here, 2), new Member("n3", here, 3));
        GroupConfig config = settings.apply(GroupConfig.of("hand", "n1", members));
        raft = new HandDrivenRaft(config, journal, votes, this, () -> now, random, sent::add, this::beside).begin();
        second = HandDrivenRaft.addressOf("n2", random);
        third = HandDrivenRaft.addressOf("n3", random);
    }

    private static VoteStore votesOf(Path directory, long... terms) {
        VoteStore votes = VoteStore.open(directory);
        if (terms.length > 0 && votes.term() == 0) {
            votes.save(terms[terms.length - 1], null);
        }
        return votes;
    }

    private void beside(Runnable work) {
        if (beside == null) {
            work.run();
        } else {
            beside.add(work);
        }
    }

    /** Delivers one message and takes the runner's turn. */
    void deliver(Address from, MessageKind kind, long term, boolean granted, long a, long b, long c, long d) {
        queue(from, kind, term, granted, a, b, c, d);
        raft.turn();
    }

    void queue(Address from, MessageKind kind, long term, boolean granted, long a, long b, long c, long d) {
        GroupHeader header = new GroupHeader(kind, term, granted, a, b, c, d);
        raft.up(new EmptyMessage(null).setSrc(from).putHeader(raft.getId(), header));
    }

    void append(Address from, long term, long previousIndex, long previousTerm, long commit, long entryTerm,
                String... bodies) {
        queueAppend(from, term, previousIndex, previousTerm, commit, entryTerm, bodies);
        raft.turn();
    }

    void queueAppend(Address from, long term, long previousIndex, long previousTerm, long commit, long entryTerm,
                     String... bodies) {
        EntryBatch batch = new EntryBatch();
        for (String body : bodies) {
            byte[] command = StockRaft.command(body);
            batch.add(entryTerm, false, command, 0, command.length);
        }
        byte[] payload = batch.toPayload();
        GroupHeader header = new GroupHeader(MessageKind.APPEND, term, true, previousIndex, previousTerm, commit,
                batch.checksum(payload, 0, payload.length));
        raft.up(new BytesMessage(null, payload).setSrc(from).putHeader(raft.getId(), header));
    }

    /** Runs for election and wins it with the vote of n2. */
    void becomeLeader() {
        raft.turn();
        int asked = sent(MessageKind.PRE_VOTE).size();
        for (int i = 0; i < 10 && sent(MessageKind.PRE_VOTE).size() == asked; i++) {
            now += 300 * MS;
            raft.turn();
        }
        long next = raft.term() + 1;
        deliver(second, MessageKind.PRE_VOTE_ANSWER, raft.term(), true, next, 0, 0, 0);
        deliver(second, MessageKind.VOTE_ANSWER, next, true, 1000 * MS, 0, 0, 0);
        if (!raft.leads()) {
            throw new AssertionError("not elected: " + sent);
        }
    }

    List<GroupHeader> sent(MessageKind kind) {
        return sent.stream().map(m -> (GroupHeader) m.getHeader(raft.getId())).filter(h -> h.kind() == kind).toList();
    }

    GroupHeader last(MessageKind kind) {
        List<GroupHeader> all = sent(kind);
        return all.get(all.size() - 1);
    }

    boolean isAppend(Message message) {
        return ((GroupHeader) message.getHeader(raft.getId())).kind() == MessageKind.APPEND;
    }

    /** Index of the last entry in this message. */
    long lastIndexIn(Message message) {
        EntryBatch batch = new EntryBatch();
        batch.wrap(message.getArray(), message.getOffset(), message.getLength());
        return ((GroupHeader) message.getHeader(raft.getId())).a + batch.count();
    }

    @Override
    public void onLeader(long term) {
        told.add("leader " + term);
    }

    @Override
    public void onFollower(long term, String leader) {
        told.add("follower " + term + " of " + leader);
    }

    @Override
    public void onCommitted(long index, long term, byte[] command, int offset, int length) {
        applied.add(new String(Arrays.copyOfRange(command, offset + Command.HEADER_BYTES, offset + length)));
    }

    @Override
    public void onSnapshot(long index, long term, byte[] state) {
        applied.clear();
        told.add("snapshot " + index + " " + new String(state));
    }

    @Override
    public void onLeaseEvidence(long term, long sentNanos) {
        evidence.add(sentNanos);
    }

    @Override
    public void onFailure(Throwable cause) {
        told.add("failure " + cause);
        sentAtFailure = sent.size();
    }

    @Override
    public void close() {
        raft.stop();
        votes.close();
        journal.close();
    }
}
