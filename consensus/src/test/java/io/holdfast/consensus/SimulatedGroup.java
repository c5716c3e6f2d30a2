package io.holdfast.consensus;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import org.jgroups.Message;
import org.jgroups.stack.IpAddress;

/**
 * Owned by the test's thread: members with real journals, on a network and on clocks that one seed determines.
 *
 * <p>Checks as it goes: one leader a term (election safety), one entry an index whoever applies it, in order and once a
 * life (state machine safety), and that no heartbeat of an older term that a majority answered was sent later than the
 * bound its successors were given (I2).
 */
final class SimulatedGroup implements AutoCloseable {
    static final long MS = 1_000_000;
    private static final long STEP = MS / 2;

    private record Flying(long due, long order, Message message, int from, int to) {
    }

    private record Applied(long term, long hash) {
    }

    /** Owned by the simulation: one member, its clock and what it did in this life. */
    final class Node implements GroupListener {
        final int number;
        final String name;
        final IpAddress place;
        final long clockOffset;
        final double clockRate;
        final Journal journal;
        final VoteStore votes;
        HandDrivenRaft raft;
        long pausedUntil;
        long restartAt;
        long appliedInThisLife;
        Throwable failure;

        Node(int number, Path directory) {
            this.number = number;
            this.name = "n" + (number + 1);
            this.place = new Peer(members.get(number)).place;
            this.clockOffset = random.nextLong(1_000_000 * MS);
            this.clockRate = 1 + (random.nextDouble() - 0.5) * 0.0008;
            this.journal = Journal.open(directory.resolve(name), JournalOptions.DEFAULT.withBlockBytes(1 << 20));
            this.votes = VoteStore.open(directory.resolve(name));
        }

        long clock() {
            return clockOffset + (long) (now * clockRate);
        }

        long trueTime(long clock) {
            return (long) ((clock - clockOffset) / clockRate);
        }

        boolean up() {
            return raft != null;
        }

        IpAddress raftPlace() {
            return place;
        }

        void start() {
            appliedInThisLife = 0;
            GroupConfig config = settings.apply(GroupConfig.of("sim", name, members));
            raft = new HandDrivenRaft(config, journal, votes, this, this::clock, random, m -> send(number, m)).begin();
        }

        void crash() {
            raft.stop();
            raft = null;
        }

        void turn() {
            for (int i = 0; i < 50 && raft.turn() == 0; i++) {
                continue; // as long as it says that more waits
            }
            if (raft.leads()) {
                String other = leaders.putIfAbsent(raft.term(), name);
                check(other == null || other.equals(name), "term " + raft.term() + " has leaders " + other + ", " + name);
                bounds.putIfAbsent(raft.term(), trueTime(raft.shown().previousLeaseBoundNanos));
            }
        }

        @Override
        public void onLeader(long term) {
            check(term == raft.term(), "onLeader in another term");
        }

        @Override
        public void onFollower(long term, String leader) {
            check(term == raft.term(), "onFollower in another term");
        }

        @Override
        public void onCommitted(long index, long term, byte[] command, int offset, int length) {
            check(index == appliedInThisLife + 1, name + " applied " + index + " after " + appliedInThisLife);
            appliedInThisLife = index;
            Applied mine = new Applied(term, Arrays.hashCode(Arrays.copyOfRange(command, offset, offset + length)));
            Applied other = applied.putIfAbsent(index, mine);
            check(other == null || other.equals(mine), "entry " + index + " is " + mine + " on " + name + ", not " + other);
        }

        @Override
        public void onLeaseEvidence(long term, long sentNanos) {
            evidence.merge(term, trueTime(sentNanos), Math::max);
        }

        @Override
        public void onFailure(Throwable cause) {
            failure = cause;
        }
    }

    final Random random;
    final List<Node> nodes = new ArrayList<>();
    final List<Member> members = new ArrayList<>();
    final Map<Long, Applied> applied = new HashMap<>();
    final Map<Long, String> leaders = new TreeMap<>();
    final Map<Long, Long> evidence = new TreeMap<>();
    final Map<Long, Long> bounds = new TreeMap<>();
    private final UnaryOperator<GroupConfig> settings;
    private final PriorityQueue<Flying> network =
            new PriorityQueue<>(Comparator.comparingLong(Flying::due).thenComparingLong(Flying::order));
    private final Set<Integer> cutLinks = new HashSet<>();
    private final Map<Integer, Long> lastDue = new HashMap<>();
    double loss;
    double duplication;
    boolean reorder;
    long maxDelay = MS / 4;
    private long now;
    private long order;
    private long proposed;

    SimulatedGroup(long seed, int size, Path directory, UnaryOperator<GroupConfig> settings) {
        this.random = new Random(seed);
        this.settings = settings;
        for (int i = 0; i < size; i++) {
            members.add(new Member("n" + (i + 1), loopback(), 7000 + i));
        }
        for (int i = 0; i < size; i++) {
            nodes.add(new Node(i, directory));
        }
        nodes.forEach(Node::start);
    }

    private static InetAddress loopback() {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private void check(boolean holds, String broken) {
        if (!holds) {
            throw new AssertionError("at " + now / MS + " ms: " + broken);
        }
    }

    private void send(int from, Message message) {
        int to = 0;
        while (!nodes.get(to).raftPlace().equals(message.getDest())) {
            to++;
        }
        int copies = random.nextDouble() < loss ? 0 : random.nextDouble() < duplication ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long due = now + 50_000 + random.nextLong(maxDelay);
            if (!reorder) {
                due = Math.max(due, lastDue.getOrDefault(from * 16 + to, 0L));
                lastDue.put(from * 16 + to, due);
            }
            network.add(new Flying(due, order++, message, from, to));
        }
    }

    /** Lets time pass. */
    void run(long nanos) {
        long end = now + nanos;
        while (now < end) {
            now += STEP;
            while (!network.isEmpty() && network.peek().due() <= now) {
                Flying flying = network.poll();
                Node to = nodes.get(flying.to());
                if (to.up() && !cutLinks.contains(flying.from() * 16 + flying.to())) {
                    to.raft.up(flying.message());
                }
            }
            for (Node node : nodes) {
                if (node.up() && now >= node.pausedUntil) {
                    node.turn();
                } else if (!node.up() && now >= node.restartAt) {
                    node.start();
                }
            }
        }
    }

    boolean runUntil(BooleanSupplier condition, long maxNanos) {
        long end = now + maxNanos;
        while (!condition.getAsBoolean()) {
            if (now >= end) {
                return false;
            }
            run(STEP);
        }
        return true;
    }

    /** The member that takes entries now and has the highest term, or null. */
    Node leader() {
        return nodes.stream().filter(n -> n.up() && n.raft.status().open()).max(Comparator.comparingLong(n -> n.raft.term()))
                .orElse(null);
    }

    boolean propose(Node node) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, ++proposed, ("value " + proposed).getBytes());
        return node.up() && node.raft.enqueue(command, 0, command.length);
    }

    void cut(int from, int to) {
        cutLinks.add(from * 16 + to);
    }

    void isolate(Node node) {
        for (Node other : nodes) {
            if (other != node) {
                cut(node.number, other.number);
                cut(other.number, node.number);
            }
        }
    }

    void heal() {
        cutLinks.clear();
        loss = 0;
        duplication = 0;
        reorder = false;
        maxDelay = MS / 4;
        for (Node node : nodes) {
            node.pausedUntil = 0;
            node.restartAt = 0;
        }
    }

    void crash(Node node, long forNanos) {
        node.crash();
        node.restartAt = now + forNanos;
        for (Node other : nodes) {
            if (other.up() && random.nextBoolean()) {
                other.raft.connectionClosed(node.raftPlace());
            }
        }
    }

    void pause(Node node, long forNanos) {
        node.pausedUntil = now + forNanos;
    }

    long now() {
        return now;
    }

    /** No older leader's evidence is later than what any later leader was told; true times, so drift counts. */
    void checkLeaseBounds() {
        bounds.forEach((term, bound) -> evidence.forEach((older, sent) -> {
            if (older < term) {
                check(sent <= bound, "term " + older + " has evidence sent " + (sent - bound) / 1000
                        + " us after the bound of term " + term + " (" + leaders.get(older) + " -> " + leaders.get(term) + ")");
            }
        }));
    }

    /** All journals hold the same entries. */
    void checkSameJournals() {
        JournalEntry one = new JournalEntry();
        JournalEntry two = new JournalEntry();
        Journal first = nodes.get(0).journal;
        for (Node node : nodes) {
            check(node.journal.lastIndex() == first.lastIndex(), node.name + " ends at " + node.journal.lastIndex());
            for (long index = 1; index <= first.lastIndex(); index++) {
                first.read(index, one);
                node.journal.read(index, two);
                check(one.term() == two.term() && Arrays.equals(one.buffer(), one.commandOffset(),
                        one.commandOffset() + one.commandLength(), two.buffer(), two.commandOffset(),
                        two.commandOffset() + two.commandLength()), "entry " + index + " differs on " + node.name);
            }
        }
    }

    @Override
    public void close() {
        for (Node node : nodes) {
            if (node.up()) {
                node.crash();
            }
            node.votes.close();
            node.journal.close();
        }
    }
}
