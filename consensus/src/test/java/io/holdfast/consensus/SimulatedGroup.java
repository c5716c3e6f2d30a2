package io.holdfast.consensus;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalOptions;

/**
 * Owned by the test's thread: members with real journals, on a network, on disks and on clocks that one seed determines.
 * Time passes only in {@link #run}; nothing waits and no thread but the test's runs.
 */
final class SimulatedGroup implements AutoCloseable {
    static final long MS = 1_000_000;
    private static final long STEP = MS / 2;
    private static final int MAX_MEMBERS_EVER = 8;

    private final Random random;
    private final Path directory;
    private final JournalOptions options;
    private final UnaryOperator<GroupConfig> settings;
    private final SimulatedNetwork network;
    private final Promises promises = new Promises(this);
    private final List<SimulatedMember> members = new ArrayList<>();
    private long now;
    private long proposed;
    private boolean changing;
    private boolean nextLeaderDies;
    private long diesAfterNanos;
    private long deadForNanos;
    private SimulatedMember doomed;
    private long doomedAt;

    SimulatedGroup(long seed, int size, Path directory, JournalOptions options, UnaryOperator<GroupConfig> settings) {
        this.random = new Random(seed);
        this.directory = directory;
        this.options = options;
        this.settings = settings;
        this.network = new SimulatedNetwork(random, place -> at(place));
        for (int i = 0; i < size; i++) {
            members.add(new SimulatedMember(this, i, directory, options));
        }
        List<Member> all = members.stream().map(SimulatedMember::member).toList();
        members.forEach(m -> m.start(settings.apply(GroupConfig.of("sim", m.name(), all))));
    }

    static InetAddress loopback() {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private SimulatedMember at(Object place) {
        return members.stream().filter(m -> m.place().equals(place)).findFirst().orElse(null);
    }

    SimulatedMember named(String name) {
        return members.stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    }

    Random random() {
        return random;
    }

    SimulatedNetwork network() {
        return network;
    }

    Promises promises() {
        return promises;
    }

    /** All there ever were. */
    List<SimulatedMember> members() {
        return members;
    }

    /** Those whose operators have not ended them for good. */
    List<SimulatedMember> present() {
        return members.stream().filter(m -> !m.leftForGood()).toList();
    }

    long now() {
        return now;
    }

    // ---- time

    void run(long nanos) {
        long end = now + nanos;
        while (now < end) {
            now += STEP;
            network.deliver(now);
            members.forEach(m -> m.turn(now));
            if (doomed != null && now >= doomedAt) {
                if (doomed.up() && !doomed.hasFailed()) {
                    doomed.kill(deadForNanos);
                }
                doomed = null;
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

    void killNextLeaderAfter(long nanos, long forNanos) {
        nextLeaderDies = true;
        diesAfterNanos = nanos;
        deadForNanos = forNanos;
    }

    /** A member was elected, whether or not it has committed anything yet. */
    void elected(SimulatedMember leader) {
        if (nextLeaderDies) {
            nextLeaderDies = false;
            doomed = leader;
            doomedAt = now + diesAfterNanos;
        }
    }

    /** All faults end. */
    void heal() {
        network.heal();
        nextLeaderDies = false;
        present().forEach(SimulatedMember::heal);
    }

    // ---- the group

    /** The member that takes entries now and has the highest term, or null. */
    SimulatedMember leader() {
        return members.stream().filter(m -> m.up() && m.raft().status().open())
                .max(Comparator.comparingLong(m -> m.raft().term())).orElse(null);
    }

    /** Every voting member runs and has committed the same last entry. */
    boolean settled() {
        SimulatedMember leader = leader();
        if (leader == null) {
            return false;
        }
        long last = leader.raft().lastAppended();
        return leader.raft().roster().latest().members().stream().map(m -> named(m.name()))
                .allMatch(m -> m.up() && m.raft().lastAppended() == last && m.raft().committed() == last);
    }

    void propose(SimulatedMember member, int bodyBytes) {
        byte[] body = new byte[8 + bodyBytes];
        ByteBuffer.wrap(body).putLong(++proposed);
        member.propose(Command.encode(EntryKind.EVENT, 0, proposed, body), random.nextInt(4) == 0);
    }

    void othersNoticeTheEndOf(SimulatedMember member) {
        for (SimulatedMember other : members) {
            if (other.up() && random.nextBoolean()) {
                other.raft().connectionClosed(member.place());
            }
        }
    }

    /** How many members could forget what they acknowledged before a majority could have: fewer than a majority. */
    boolean mayForgetOneMore() {
        Configuration configuration = newestConfiguration();
        long forgetful = configuration.members().stream().filter(m -> named(m.name()).mayHaveForgotten()).count();
        return forgetful + 1 <= configuration.members().size() - configuration.majority();
    }

    private Configuration newestConfiguration() {
        return members.stream().filter(SimulatedMember::up).map(m -> m.raft().roster())
                .max(Comparator.comparingLong(Roster::latestIndex)).map(Roster::latest)
                .orElseThrow(() -> new IllegalStateException("no member is up"));
    }

    // ---- what its operators ask

    void transfer() {
        SimulatedMember leader = leader();
        if (leader != null) {
            leader.raft().request((requests, done) -> requests.transfer(null, done));
        }
    }

    /** One more or one less, by a leader that may not live to see it through. */
    void changeMembers() {
        SimulatedMember leader = leader();
        if (leader == null || changing) {
            return;
        }
        List<Member> now = leader.raft().roster().latest().members();
        boolean more = now.size() <= 3 || now.size() < 5 && random.nextBoolean();
        if (more && members.size() < MAX_MEMBERS_EVER) {
            add(leader, now);
        } else if (now.size() > 3) {
            remove(leader, named(now.get(random.nextInt(now.size())).name()));
        }
    }

    private void add(SimulatedMember leader, List<Member> known) {
        SimulatedMember fresh = members.stream().filter(m -> !m.leftForGood() && !known.contains(m.member())
                && !wasMember(m)).findFirst().orElseGet(() -> begin(known));
        changing = true;
        request(leader, (requests, done) -> requests.add(fresh.member(), done));
    }

    private boolean wasMember(SimulatedMember member) {
        return !member.up() || member.raft().roster().roleOfFollower() != Role.LEARNER;
    }

    private SimulatedMember begin(List<Member> known) {
        SimulatedMember fresh = new SimulatedMember(this, members.size(), directory, options);
        members.add(fresh);
        List<Member> andItself = new ArrayList<>(known);
        andItself.add(fresh.member());
        fresh.start(settings.apply(GroupConfig.of("sim", fresh.name(), andItself).asJoining()));
        return fresh;
    }

    private void remove(SimulatedMember leader, SimulatedMember leaving) {
        changing = true;
        request(leader, (requests, done) -> requests.remove(leaving.name(), done));
    }

    private void request(SimulatedMember leader,
                         BiConsumer<Requests, CompletableFuture<Void>> asked) {
        leader.raft().request(asked).whenComplete((ok, refused) -> changing = false);
    }

    /** The operator ends those of whom everybody knows that they are no members any more. */
    void endRemoved() {
        SimulatedMember leader = leader();
        for (SimulatedMember member : present()) {
            boolean gone = leader != null && member.up() && member != leader
                    && member.raft().roster().roleOfFollower() == Role.REMOVED
                    && !leader.raft().roster().latest().contains(member.name())
                    && leader.raft().roster().latestIndex() <= leader.raft().committed();
            if (gone) {
                member.leaveForGood();
            }
        }
    }

    @Override
    public void close() {
        members.forEach(SimulatedMember::close);
    }
}
