package io.holdfast.consensus;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;

/** Used by the test's thread, its listener by the runner: one member with a real journal in a directory of its own. */
final class TestMember implements GroupListener, AutoCloseable {
    /** One call of the listener. */
    record Committed(long index, long term, EntryKind kind, String body) {
    }

    final String name;
    private final GroupConfig config;
    private final Path directory;
    final List<Committed> committed = new ArrayList<>();
    final List<String> roles = new ArrayList<>();
    final List<Long> evidence = new ArrayList<>();
    volatile long leaderTerm;
    volatile long leadsSinceNanos;
    volatile int snapshots;
    volatile List<Member> toldMembers;
    volatile Throwable failure;
    volatile String throwOn;
    Durability durability = Durability.PROCESS;
    /** Null for the machine's own, which does not fail. */
    FaultyStorage disk;
    private Journal journal;
    private VoteStore votes;
    private volatile RaftGroup group;

    TestMember(GroupConfig config, Path directory) {
        this.name = config.self();
        this.config = config;
        this.directory = directory;
    }

    TestMember start() {
        synchronized (this) {
            committed.clear();
            roles.clear();
            evidence.clear();
            leaderTerm = 0;
        }
        JournalOptions options = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withDurability(durability);
        journal = disk == null ? Journal.open(directory, options) : disk.openJournal(options);
        votes = disk == null ? VoteStore.open(directory) : disk.openVotes();
        try {
            group = RaftGroup.join(config, journal, votes, this);
        } catch (RuntimeException e) {
            votes.close();
            journal.close();
            throw e;
        }
        return this;
    }

    Member member() {
        return config.selfMember();
    }

    Path directory() {
        return directory;
    }

    RaftGroup group() {
        return group;
    }

    Journal journal() {
        return journal;
    }

    boolean running() {
        return group != null;
    }

    boolean leads() {
        RaftGroup joined = group;
        return joined != null && joined.status().open();
    }

    void stop() {
        if (group != null) {
            RaftGroup left = group;
            group = null;
            left.close();
            votes.close();
            journal.close();
        }
    }

    @Override
    public void close() {
        stop();
    }

    /** Its state is the list of what was committed, as text. */
    void compact() throws Exception {
        long index;
        byte[] state;
        synchronized (this) {
            index = committed.isEmpty() ? 0 : committed.get(committed.size() - 1).index();
            state = committed.stream().map(c -> c.index() + " " + c.term() + " " + c.kind() + " " + c.body())
                    .collect(Collectors.joining("\n")).getBytes();
        }
        group.compact(index, state).get(20, TimeUnit.SECONDS);
    }

    @Override
    public synchronized void onSnapshot(long index, long term, byte[] state) {
        committed.clear();
        new String(state).lines().map(l -> l.split(" ", 4)).forEach(w -> committed.add(new Committed(Long.parseLong(w[0]),
                Long.parseLong(w[1]), EntryKind.valueOf(w[2]), w[3])));
        snapshots++;
    }

    boolean offer(String body) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, body.getBytes());
        return group.offer(command, 0, command.length);
    }

    synchronized List<Committed> committed() {
        return List.copyOf(committed);
    }

    synchronized List<String> bodies() {
        return committed.stream().filter(c -> c.kind() == EntryKind.EVENT).map(Committed::body).toList();
    }

    synchronized List<String> roles() {
        return List.copyOf(roles);
    }

    synchronized List<Long> evidence() {
        return List.copyOf(evidence);
    }

    @Override
    public synchronized void onLeader(long term) {
        roles.add("leader " + term + " after " + (committed.isEmpty() ? 0 : committed.get(committed.size() - 1).index()));
        leadsSinceNanos = System.nanoTime();
        leaderTerm = term;
    }

    @Override
    public synchronized void onFollower(long term, String leader) {
        roles.add("follower " + term + " of " + leader);
        leaderTerm = 0;
    }

    @Override
    public synchronized void onCommitted(long index, long term, byte[] command, int offset, int length) {
        byte[] body = Arrays.copyOfRange(command, offset + Command.HEADER_BYTES, offset + length);
        if (throwOn != null && new String(body).startsWith(throwOn)) {
            throw new IllegalStateException("thrown on purpose");
        }
        committed.add(new Committed(index, term, Command.kind(command, offset), Command.kind(command, offset) == EntryKind.EVENT ? new String(body) : ""));
    }

    @Override
    public void onMembers(long index, List<Member> members) {
        toldMembers = members;
    }

    @Override
    public synchronized void onLeaseEvidence(long term, long sentNanos) {
        evidence.add(sentNanos);
    }

    @Override
    public void onFailure(Throwable cause) {
        failure = cause;
    }
}
