package io.holdfast.consensus;

import java.util.List;

import io.holdfast.journal.Journal;
import org.jgroups.Address;
import org.jgroups.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: whether this member may have forgotten entries it acknowledged, and what its vote is worth
 * until it has them again.
 *
 * <p>Raft counts on members that remember ("persistent state on all servers", figure 2). One that forces nothing forgets
 * its newest entries when its machine loses power. If it then votes like the others, an entry that it and the leader held is
 * lost as soon as that leader dies too: a single crash after a single power cut, though the entry was committed. So after a
 * start of the machine such a member says so with its vote, and is counted in two cases only:
 * <ul>
 * <li>a majority that remembers votes for the same candidate without it. Every entry that was committed is held by a majority,
 *     and unless all of that one forgot, the two share a member that has it;
 * <li>all members vote for the candidate. Its journal is then at least as new as anybody's: what it lacks, nobody has.
 * </ul>
 * It remembers again when a leader has compared its journal with its own up to where that ended when it first heard of this
 * process: the leader holds all that was committed, and counts nothing that an earlier process said.
 */
final class Memory {
    private static final Logger LOG = LoggerFactory.getLogger(Memory.class);
    private static final long COMPLAIN_NANOS = 5_000_000_000L;

    private final GroupRaft raft;
    private final Journal journal;
    private final LogPace complaints = new LogPace(COMPLAIN_NANOS);

    Memory(GroupRaft raft, Journal journal) {
        this.raft = raft;
        this.journal = journal;
    }

    /** By which a leader names the process it means; another one after each start. */
    static long process(Address address) {
        return ((UUID) address).getLeastSignificantBits();
    }

    boolean mayHaveForgotten() {
        return journal.mayHaveForgotten();
    }

    /** Whether those who said yes are enough. */
    boolean elects(List<Peer> peers) {
        Roster roster = raft.roster();
        int yes = 0;
        int remember = 0;
        if (roster.selfVotes()) {
            yes++;
            remember += mayHaveForgotten() ? 0 : 1;
        }
        for (Peer peer : peers) {
            if (peer.voter && peer.granted) {
                yes++;
                remember += peer.mayHaveForgotten ? 0 : 1;
            }
        }
        boolean elected = remember >= roster.majority() || yes == roster.latest().members().size();
        if (!elected && yes >= roster.majority() && complaints.due(raft.nanoTime())) {
            LOG.warn("{}: {} of {} members would vote for this one, but {} of them may have forgotten entries when their machines "
                    + "lost power: all members are needed, or a majority that did not lose it (docs/operations.md){}",
                    raft.config().self(), yes, roster.latest().members().size(), yes - remember, complaints.suppressed());
        }
        return elected;
    }

    /** A leader says that the process of this number holds everything, or 0. */
    void toldWhole(long process) {
        if (process != 0 && mayHaveForgotten() && process == process(raft.getAddress())) {
            holdsEverything();
        }
    }

    /** This member's journal holds all that was committed. */
    void holdsEverything() {
        if (mayHaveForgotten()) {
            journal.remembered();
            LOG.info("{}: its machine lost power, and it holds again everything it may have forgotten, up to entry {}",
                    raft.config().self(), journal.lastIndex());
        }
    }
}
