package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

import io.holdfast.journal.Durability;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;

/**
 * Owned by the simulation, which shows it every member after each of its turns: what Raft (figure 3 of the paper) and
 * Holdfast promise. A promise that is broken is an error that begins with its name.
 */
final class Promises {
    /** What is promised, each with the rule it stands for. */
    enum Promise {
        /** At most one leader a term. */
        ELECTION_SAFETY,
        /** Two journals with an entry of the same index and term are the same up to it. */
        LOG_MATCHING,
        /** A leader holds every entry that was committed in an earlier term. */
        LEADER_COMPLETENESS,
        /** No two members apply different entries at an index, nor come to different states by them. */
        STATE_MACHINE_SAFETY,
        /** A member applies in index order, leaves out none that is the node's, and applies each once a life (I4). */
        I4_INDEX_ORDER,
        /** What is applied is held by a majority, on stable storage where that is the durability (I1). */
        I1_COMMITTED_BY_QUORUM,
        /** What a proposer was told is committed stays. */
        ACKNOWLEDGED_STAYS,
        /** At no instant do two members hold the lease (I2), clocks drifting by 400 ppm either way. */
        ONE_LEASE,
        /** A member whose storage failed says nothing more (I7). */
        I7_FAILED_IS_SILENT
    }

    /** What a holder may do and what a new primary waits, as {@code LeaseConfig} has it by default. */
    static final long LEASE_NANOS = 250 * SimulatedGroup.MS;
    static final long LEASE_MARGIN_NANOS = 10 * SimulatedGroup.MS;

    private record Place(long index, long term) {
        @Override
        public int hashCode() {
            return Long.hashCode(index * 1_000_003 + term);
        }
    }

    private record Content(int hash, long previousTerm) {
    }

    private record Commit(long term, int hash) {
    }

    private record Lease(String holder, long from, long until) {
    }

    final Map<Long, String> leaders = new TreeMap<>();
    private final Map<Place, Content> contents = new HashMap<>();
    private final List<Commit> committed = new ArrayList<>();
    private final TreeMap<Long, Long> states = new TreeMap<>();
    private final List<Lease> leases = new ArrayList<>();
    private final JournalEntry reading = new JournalEntry();
    private final SimulatedGroup group;

    Promises(SimulatedGroup group) {
        this.group = group;
    }

    /** @param broken what to say when it does not hold: too much work to say each time */
    void require(boolean holds, Promise promise, Supplier<String> broken) {
        if (!holds) {
            throw new AssertionError(promise + " is broken at " + group.now() / SimulatedGroup.MS + " ms: " + broken.get());
        }
    }

    /** Entries that some member knew to be committed. */
    long committedCount() {
        return committed.size();
    }

    void look(SimulatedMember member) {
        lookAtEntries(member);
        if (member.raft().leads()) {
            lookAtLeader(member);
        }
        lookAtCommits(member);
    }

    private void lookAtEntries(SimulatedMember member) {
        Journal journal = member.journal();
        long last = journal.lastIndex();
        long index = last;
        while (index > journal.floorIndex() && (index > member.seen.last() || member.seen.termAt(index) != journal.termAt(index))) {
            lookAtEntry(member, index);
            index--;
        }
        member.seen.endsAt(last);
    }

    private void lookAtEntry(SimulatedMember member, long index) {
        long term = member.journal().termAt(index);
        Content mine = new Content(hash(member.journal(), index), member.journal().termAt(index - 1));
        Content other = contents.putIfAbsent(new Place(index, term), mine);
        require(other == null || other.equals(mine), Promise.LOG_MATCHING, () -> "entry " + index + " of term " + term + " is "
                + mine + " on " + member.name() + " and " + other + " elsewhere");
        member.holds(index, term);
    }

    private int hash(Journal journal, long index) {
        if (!journal.read(index, reading)) {
            throw new IllegalStateException("entry " + index + " cannot be read");
        }
        int hash = 1;
        for (int i = reading.commandOffset(); i < reading.commandOffset() + reading.commandLength(); i++) {
            hash = 31 * hash + reading.buffer()[i];
        }
        return hash;
    }

    private void lookAtLeader(SimulatedMember member) {
        long term = member.raft().term();
        String other = leaders.putIfAbsent(term, member.name());
        require(other == null || other.equals(member.name()), Promise.ELECTION_SAFETY, () -> "term " + term + " has leaders " + other
                + " and " + member.name());
        if (other == null) {
            group.elected(member);
            for (long index = 1; index <= committed.size(); index++) {
                requireHeldByLeader(member, index);
            }
        }
    }

    private void requireHeldByLeader(SimulatedMember leader, long index) {
        Commit commit = committed.get((int) index - 1);
        boolean held = index <= leader.journal().floorIndex() || leader.journal().termAt(index) == commit.term();
        require(commit.term() > leader.raft().term() || held, Promise.LEADER_COMPLETENESS, () -> leader.name() + " leads term "
                + leader.raft().term() + " without committed entry " + index + " of term " + commit.term());
    }

    private void lookAtCommits(SimulatedMember member) {
        Journal journal = member.journal();
        long upTo = member.raft().committed();
        for (long index = Math.max(member.seenCommit, journal.floorIndex()) + 1; index <= upTo; index++) {
            lookAtCommit(member, index);
        }
        member.seenCommit = Math.max(member.seenCommit, upTo);
    }

    private void lookAtCommit(SimulatedMember member, long index) {
        Commit mine = new Commit(member.journal().termAt(index), hash(member.journal(), index));
        if (index <= committed.size()) {
            Commit other = committed.get((int) index - 1);
            require(other.equals(mine), Promise.STATE_MACHINE_SAFETY, () -> "entry " + index + " is " + mine + " on "
                    + member.name() + ", but " + other + " was committed");
            return;
        }
        require(index == committed.size() + 1, Promise.STATE_MACHINE_SAFETY, () -> "entry " + index + " is committed on "
                + member.name() + " and the one before it nowhere");
        requireQuorum(member, index, mine.term());
        committed.add(mine);
        group.members().stream().filter(m -> m.up() && m.raft().leads() && m.raft().term() > member.raft().term())
                .forEach(leader -> requireHeldByLeader(leader, committed.size()));
    }

    /** By the configuration before the entry or by the newest one: with one change at a time there is no third. */
    private void requireQuorum(SimulatedMember member, long index, long term) {
        Roster roster = member.raft().roster();
        require(isQuorum(roster.asOf(index), index, term) || isQuorum(roster.latest(), index, term),
                Promise.I1_COMMITTED_BY_QUORUM, () -> "entry " + index + " of term " + term + " is committed on " + member.name()
                        + " and held by " + group.members().stream().filter(m -> holds(m, index, term)).map(SimulatedMember::name)
                        .toList() + " of " + roster.latest().members().stream().map(Member::name).toList());
    }

    private boolean isQuorum(Configuration configuration, long index, long term) {
        long holders = configuration.members().stream().filter(m -> holds(group.named(m.name()), index, term)).count();
        return holders >= configuration.majority();
    }

    private static boolean holds(SimulatedMember member, long index, long term) {
        if (member.durability() != Durability.DISK) {
            return member.everHeld(index, term); // it may have lost power right after its answer
        }
        Journal journal = member.journal();
        return index <= journal.floorIndex() || index <= member.syncedIndex() && journal.termAt(index) == term;
    }

    /** The state a member has reached by applying; equal on all after the same entry. */
    void applied(SimulatedMember member, long index, long state) {
        Long other = states.putIfAbsent(index, state);
        require(other == null || other == state, Promise.STATE_MACHINE_SAFETY, () -> member.name() + " came to another state by entry "
                + index);
    }

    /** A snapshot stands for what was applied up to it. */
    void restored(SimulatedMember member, long index, long state) {
        Map.Entry<Long, Long> known = states.floorEntry(index);
        require(known != null && known.getValue() == state, Promise.STATE_MACHINE_SAFETY, () -> member.name()
                + " was given another state by the snapshot of entry " + index);
    }

    void acknowledged(long index, byte[] command) {
        int hash = Arrays.hashCode(command);
        require(index <= committed.size() && committed.get((int) index - 1).hash() == hash, Promise.ACKNOWLEDGED_STAYS,
                () -> "a proposer was told that its entry is committed as entry " + index + ", which is another one or none");
    }

    /** From and until are true times. */
    void leased(String holder, long from, long until) {
        if (from >= until) {
            return;
        }
        for (Lease other : leases) {
            boolean apart = other.holder().equals(holder) || from >= other.until() || until <= other.from();
            require(apart, Promise.ONE_LEASE, () -> holder + " may send from " + from / 1000 + " to " + until / 1000 + " us, "
                    + other.holder() + " from " + other.from() / 1000 + " to " + other.until() / 1000);
        }
        leases.removeIf(lease -> lease.until() < from - 60_000 * SimulatedGroup.MS);
        Lease last = leases.isEmpty() ? null : leases.get(leases.size() - 1);
        if (last != null && last.holder().equals(holder) && from <= last.until()) {
            leases.set(leases.size() - 1, new Lease(holder, Math.min(from, last.from()), Math.max(until, last.until())));
        } else {
            leases.add(new Lease(holder, from, until));
        }
    }

    long leaseCount() {
        return leases.size();
    }
}
