package io.holdfast.consensus;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.random.RandomGenerator;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.Snapshot;
import org.jgroups.Address;
import org.jgroups.raft.util.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: who belongs to the group, as the journal says, and what is known of each.
 *
 * <p>A configuration is in force from the moment its entry is appended, committed or not, and no longer once that entry
 * is cut (dissertation, 4.1). Each {@code TERM_START} states the configuration again, so a restart reads it from the
 * entries of the last term alone.
 */
final class Roster {
    private static final Logger LOG = LoggerFactory.getLogger(Roster.class);
    private static final int MAX_GUESTS = 16;

    private record Stated(long index, Configuration configuration) {
    }

    private final GroupConfig config;
    private final Shown shown;
    private final RandomGenerator random;
    private final ArrayDeque<Stated> stated = new ArrayDeque<>();
    /** Who is served by a leader and asked by a candidate: the voters, and who is on the way in or out. */
    private final List<Peer> peers = new ArrayList<>();
    /** Others that may be answered: strangers with a question, and those who have left. */
    private final List<Peer> guests = new ArrayList<>();
    private boolean selfVotes;
    private boolean wasMember;
    private long toldRemovedBy;

    Roster(GroupConfig config, Shown shown, RandomGenerator random) {
        this.config = config;
        this.shown = shown;
        this.random = random;
        wasMember = !config.joining();
        stated.add(new Stated(0, new Configuration(null, config.joining() ? List.of() : config.members())));
        takeEffect();
        if (config.joining()) {
            config.members().stream().filter(m -> !m.name().equals(config.self())).forEach(m -> guests.add(new Peer(m)));
        }
    }

    // ---- configurations

    /** Reads what the journal says; what is not committed may be taken back later. */
    void restore(Journal journal) {
        Snapshot snapshot = journal.snapshot();
        if (snapshot != null) {
            installed(snapshot.index(), GroupSnapshot.decode(snapshot.bytes()).configuration());
        }
        long from = Math.max(journal.floorIndex(), snapshot == null ? 0 : snapshot.index()) + 1;
        long committed = Math.min(journal.commitIndex(), journal.lastIndex());
        long committedTerm = journal.termAt(committed);
        long start = Math.max(from, committed);
        while (start > from && journal.termAt(start - 1) == committedTerm) {
            start--;
        }
        JournalEntry entry = new JournalEntry();
        for (long index = start; index <= journal.lastIndex() && journal.read(index, entry); index++) {
            appended(index, entry.buffer(), entry.commandOffset(), entry.commandLength());
        }
    }

    /** What a snapshot says holds as of its entry; nothing older can be asked for. */
    void installed(long index, Configuration configuration) {
        stated.clear();
        stated.add(new Stated(index, configuration));
        takeEffect();
    }

    /** Entries up to this one are not cut any more: of their configurations the last one is enough. */
    void compactedTo(long index) {
        while (stated.size() > 1) {
            Stated first = stated.removeFirst();
            if (stated.getFirst().index() > index) {
                stated.addFirst(first);
                return;
            }
        }
    }

    /** Looks whether the entry just appended states a configuration; true when another one is in force now. */
    boolean appended(long index, byte[] command, int offset, int length) {
        EntryKind kind = Command.kind(command, offset);
        if (kind != EntryKind.TERM_START && kind != EntryKind.GROUP_INTERNAL || length == Command.HEADER_BYTES) {
            return false;
        }
        Configuration configuration = Configuration.decode(command, offset + Command.HEADER_BYTES,
                length - Command.HEADER_BYTES);
        if (configuration.equals(latest())) {
            return false;
        }
        stated.addLast(new Stated(index, configuration));
        takeEffect();
        return true;
    }

    /** The entries from this one on are gone; true when that brings an older configuration back. */
    boolean cutFrom(long index) {
        boolean any = false;
        while (stated.getLast().index() >= index) {
            stated.removeLast();
            any = true;
        }
        if (any) {
            takeEffect();
        }
        return any;
    }

    private void takeEffect() {
        Configuration latest = latest();
        selfVotes = latest.contains(config.self());
        wasMember |= selfVotes;
        peers.forEach(p -> p.voter = false);
        for (Member member : latest.members()) {
            if (!member.name().equals(config.self())) {
                voter(member).voter = true;
            }
        }
        for (Peer peer : List.copyOf(peers)) {
            if (!peer.voter && !peer.served) {
                retire(peer);
            }
        }
        shown.members = latest.members();
        if (latestIndex() > 0) {
            LOG.info("{}: the members are {} by entry {}", config.self(), latest.members().stream().map(Member::name).toList(),
                    latestIndex());
        }
    }

    private Peer voter(Member member) {
        Peer known = named(peers, member.name());
        if (known != null && known.member.equals(member)) {
            return known;
        }
        peers.remove(known);
        Peer guest = named(guests, member.name());
        guests.remove(guest);
        Peer peer = guest != null && guest.member.equals(member) ? guest : new Peer(member);
        peers.add(peer);
        return peer;
    }

    Configuration latest() {
        return stated.getLast().configuration();
    }

    /** What a new leader states: the first one of a group names it, so that it is not taken for another one. */
    Configuration toState() {
        Configuration latest = latest();
        return latest.group() != null ? latest : latest.ofGroup(new UUID(random.nextLong(), random.nextLong()));
    }

    long latestIndex() {
        return stated.getLast().index();
    }

    /** The last configuration stated at or before this entry; the oldest known when all are later. */
    Configuration asOf(long index) {
        Configuration found = stated.getFirst().configuration();
        for (Stated each : stated) {
            if (each.index() <= index) {
                found = each.configuration();
            }
        }
        return found;
    }

    /** The members that this very entry stated, or null when it changed nothing. */
    List<Member> statedBy(long index) {
        if (index > stated.getLast().index()) {
            return null;
        }
        for (Stated each : stated) {
            if (each.index() == index) {
                return each.configuration().members();
            }
        }
        return null;
    }

    /** The group this member belongs to beyond doubt, or null: an entry that is not committed may be taken back. */
    UUID group(long committed) {
        UUID latest = latest().group();
        return latestIndex() <= committed ? latest : asOf(committed).group();
    }

    int majority() {
        return latest().majority();
    }

    boolean selfVotes() {
        return selfVotes;
    }

    /**
     * Whether this member may run for election. One that its own entry removed may, as long as that entry is not
     * committed: it may be the only one that can be elected (dissertation, 4.2.2).
     */
    boolean mayCampaign(long committed) {
        if (toldRemovedBy > latestIndex()) {
            return false;
        }
        return selfVotes || latestIndex() > committed && asOf(committed).contains(config.self());
    }

    /** What this member is while it does not lead. */
    Role roleOfFollower() {
        if (selfVotes && toldRemovedBy <= latestIndex()) {
            return Role.FOLLOWER;
        }
        return wasMember ? Role.REMOVED : Role.LEARNER;
    }

    /** Another member says that an entry it has committed left this one out; true when that is news. */
    boolean toldRemovedBy(long index) {
        boolean news = index > latestIndex() && toldRemovedBy < index;
        toldRemovedBy = Math.max(toldRemovedBy, index);
        return news;
    }

    // ---- the others, looked through for each message: by index, as an iterator may be an object each time

    List<Peer> peers() {
        return peers;
    }

    Peer peerAt(Address place) {
        for (Peer peer : peers) {
            if (peer.place.equals(place)) {
                return peer;
            }
        }
        return null;
    }

    /** Who sent it, by the address of its process or by its name; null for a stranger. */
    Peer peerOf(Address source) {
        for (int i = 0; i < peers.size(); i++) {
            if (source.equals(peers.get(i).address)) {
                return peers.get(i);
            }
        }
        String name = Utils.extractRaftId(source);
        Peer peer = named(peers, name);
        return peer != null ? peer : named(guests, name);
    }

    Peer peerNamed(String name) {
        return named(peers, name);
    }

    private static Peer named(List<Peer> among, String name) {
        for (Peer peer : among) {
            if (peer.name.equals(name)) {
                return peer;
            }
        }
        return null;
    }

    /**
     * A stranger that says where it can be answered. Such a one may vote and lead: this member may not have the entry
     * yet that lets it in (dissertation, 4.2.2).
     */
    Peer guest(Member member) {
        if (guests.size() >= MAX_GUESTS) {
            guests.remove(0);
        }
        Peer guest = new Peer(member);
        guests.add(guest);
        return guest;
    }

    /** Leader: from now on it is sent entries, but it does not count. */
    Peer serve(Member member) {
        Peer peer = voter(member);
        peer.served = true;
        return peer;
    }

    /** It is not sent entries any more. */
    void retire(Peer peer) {
        peer.served = false;
        peer.leavingIndex = 0;
        if (!peer.voter && peers.remove(peer)) {
            guests.remove(named(guests, peer.name));
            guests.add(peer);
        }
    }

    /** The lead is lost: only voters are left. */
    void retireServed() {
        List.copyOf(peers).forEach(p -> {
            p.progress = GroupStatus.PeerProgress.NOT_LED;
            if (p.served) {
                retire(p);
            }
        });
    }
}
