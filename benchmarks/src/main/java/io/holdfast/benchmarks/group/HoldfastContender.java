package io.holdfast.benchmarks.group;

import io.holdfast.consensus.GroupConfig;
import io.holdfast.consensus.GroupListener;
import io.holdfast.consensus.Member;
import io.holdfast.consensus.RaftGroup;
import io.holdfast.consensus.Role;
import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.journal.Command;
import io.holdfast.journal.Durability;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Ours. The group's runner calls the events, the offering thread the rest. */
final class HoldfastContender implements Contender, GroupListener {
    static final String KEY_FILE = "cluster.key";

    /** More than any comparison offers; a soak must not fill the disk. */
    static final long COMPACT_EVERY = 5_000_000;

    private final Events events;
    private final Journal journal;
    private final VoteStore votes;
    private volatile RaftGroup group;

    private HoldfastContender(Path dir, Kind kind, Events events) {
        this.events = events;
        journal = Journal.open(dir, JournalOptions.DEFAULT.withDurability(
                kind == Kind.HOLDFAST_DISK ? Durability.DISK : Durability.PROCESS));
        votes = VoteStore.open(dir);
    }

    static Contender join(MemberPlaces places, Path dir, Timing timing, Kind kind, Events events)
            throws UnknownHostException {
        List<Member> members = new ArrayList<>();
        for (MemberPlaces.Place place : places.all()) {
            members.add(new Member(place.name(), place.inet(), place.port()));
        }
        GroupConfig config = GroupConfig.of("bench", places.self(), members);
        if (kind.isClosed()) {
            config = config.withTraffic(ClusterTraffic.closedBy(ClusterKey.read(dir.resolveSibling(KEY_FILE))));
        }
        if (timing == Timing.PATIENT) {
            config = config.withElection(2000, 1000, 6000);
        }
        HoldfastContender contender = new HoldfastContender(dir, kind, events);
        contender.group = RaftGroup.join(config, contender.journal, contender.votes, contender);
        return contender;
    }

    @Override
    public boolean leading() {
        return group.role() == Role.LEADER;
    }

    @Override
    public long term() {
        return group.term();
    }

    @Override
    public long takeLongestSilenceNanos() {
        return group.takeLongestSilenceNanos();
    }

    @Override
    public boolean offer(byte[] entry) {
        return group.enqueue(entry, 0, entry.length);
    }

    @Override
    public void flush() {
        group.flush();
    }

    @Override
    public void onLeader(long term) {
        events.leads();
    }

    @Override
    public void onFollower(long term, String leader) {
        // Of no interest: a load that was cut short says so itself.
    }

    @Override
    public void onCommitted(long index, long term, byte[] command, int offset, int length) {
        if (Command.kind(command, offset) == EntryKind.EVENT) {
            events.committed(command, offset, length);
        }
        RaftGroup joined = group;
        if (index % COMPACT_EVERY == 0 && joined != null) {
            joined.compact(index, new byte[0]);
        }
    }

    /** Of another member that dropped what this one needs: there is no state but the entries. */
    @Override
    public void onSnapshot(long index, long term, byte[] state) {
        // Goes on behind it.
    }

    @Override
    public void onLeaseEvidence(long term, long sentNanos) {
        // Of no interest here.
    }

    @Override
    public void onFailure(Throwable cause) {
        cause.printStackTrace();
        Runtime.getRuntime().halt(1);
    }

    @Override
    public void close() {
        group.close();
        votes.close();
        journal.close();
    }
}
