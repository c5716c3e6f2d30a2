package io.holdfast.consensus;

import java.util.random.RandomGenerator;

import io.holdfast.journal.DiskWatch;
import io.holdfast.journal.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the runner thread: watches for the leader's silence, runs for election, and votes.
 *
 * <p>The stock election is started by the coordinator of a JGroups view and waits for answers of the whole view: a frozen
 * leader held it up for 0.6 s, a cut link for seconds. This is the election of the paper (5.2, 5.4.1) with the pre-vote
 * of the dissertation (9.6): silence of {@link GroupConfig#electionTimeoutMs()}, or the end of the leader's connection,
 * makes a member ask whether it would be elected, and only a majority of yes opens a new term. A member that still hears
 * the leader says no, so one that comes back, or hears badly, deposes nobody.
 *
 * <p><b>The bound on an older leader's lease.</b> A leader may let its workload send until some time after it
 * <em>sent</em> what a majority answered. Each voter says with its vote how long ago it last said yes to a heartbeat or
 * to entries of an older term (a leader counts as answering its own heartbeats when it sends them; a process counts as
 * having answered when it starts, since its predecessor may have). Any majority that answered an older leader shares a
 * member with the majority that votes here. That member had answered before it voted, since afterwards it is in the new
 * term and answers no older one. An answer comes after what it answers was sent, and the vote arrives here after it was
 * given: so the moment of arrival minus the age it tells is later than the sending of anything it helped to a majority,
 * and the latest of these moments over the voters bounds them all. Clocks are only used to measure the age, on one
 * machine each; a thousandth of it is allowed for their drift.
 */
final class Campaign {
    /** Where this member stands between two leaders. */
    enum Phase {
        /** A leader is there, or its silence is not long enough yet. */
        WAITING,
        /** Asked the others whether they would vote; the term is still the old one. */
        ASKING,
        /** Opened a term and asked for votes in it. */
        STANDING
    }

    private static final Logger LOG = LoggerFactory.getLogger(Campaign.class);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final long CLOCK_DRIFT_DIVISOR = 1000;
    private static final int MAX_DOUBLINGS = 4;
    /** So often one silence is excused by this member's own: a machine that always stumbles elects a leader, too. */
    private static final int MAX_EXCUSES = 3;
    private static final int EXCUSE_JITTER_MS = 12;

    private final GroupRaft raft;
    private final Journal journal;
    private final GroupConfig config;
    private final RandomGenerator random;
    private final Memory memory;
    private final Attention attention;
    private final DiskWatch disk;

    private Phase phase = Phase.WAITING;
    private boolean begun;
    /** When something is due: in a silence the moment at which this member asks the others. */
    private long deadline;
    private boolean heardLeader;
    private long heardLeaderNanos;
    /** From when on the leader counts as silent. */
    private long silentNanos;
    private boolean lostConnection;
    private int excuses;
    private boolean lookedAgain;
    private int failures;
    private long boundNanos;

    Campaign(GroupRaft raft, Journal journal, Attention attention, RandomGenerator random) {
        this.raft = raft;
        this.journal = journal;
        this.config = raft.config();
        this.attention = attention;
        this.random = random;
        this.memory = new Memory(raft, journal);
        this.disk = new DiskWatch(journal, config.stepDownMs() * NANOS_PER_MS);
    }

    Memory memory() {
        return memory;
    }

    DiskWatch disk() {
        return disk;
    }

    /** The leader of this term spoke. */
    void heardLeader(long now) {
        raft.shown().noticeSilence(heardLeader ? now - heardLeaderNanos : 0);
        heardLeader = true;
        heardLeaderNanos = now;
        lostConnection = false;
        excuses = 0;
        failures = 0;
        phase = Phase.WAITING;
        waitAgain(now);
    }

    /** This member follows again, perhaps nobody. */
    void end() {
        phase = Phase.WAITING;
        waitAgain(raft.nanoTime());
    }

    /** The leader hands over to this member: no pre-vote, which the others would deny while they hear it. */
    void standAtOnce() {
        if (phase != Phase.STANDING && raft.roster().selfVotes() && !disk.hangs(raft.nanoTime())) {
            stand(raft.nanoTime());
        }
    }

    private void waitAgain(long now) {
        silentNanos = now + config.electionTimeoutMs() * NANOS_PER_MS;
        askLater(now);
    }

    private void askLater(long now) {
        deadline = now + config.electionTimeoutMs() * NANOS_PER_MS + jitter(config.electionJitterMs());
        lookedAgain = false;
    }

    /** The leader's process may be gone: wait only as long as two members need not to ask at the same moment. */
    void connectionLost(Peer peer) {
        if (raft.leads() || !raft.isLeader(peer)) {
            return;
        }
        lostConnection = true;
        if (phase == Phase.WAITING) {
            deadline = Math.min(deadline, raft.nanoTime() + 2 * NANOS_PER_MS + jitter(12));
        }
    }

    private long jitter(int ms) {
        return random.nextLong(ms * NANOS_PER_MS);
    }

    /** Returns when something is due next. */
    long tick(long now) {
        if (!begun) {
            begun = true;
            waitAgain(now);
        }
        excuseIfAway(now);
        if (now - deadline >= 0 && hasLookedAgain()) {
            if (raft.roster().mayCampaign(raft.committed()) && !disk.hangs(now)) {
                ask(now);
            } else {
                askLater(now);
            }
        }
        return raft.leads() ? now : deadline;
    }

    /**
     * This member was not there to hear the leader for a while. What the leader said meanwhile it reads before it counts
     * the silence; and what kept the one may have kept the other, so the leader is given the time of a heartbeat to speak.
     */
    private void excuseIfAway(long now) {
        long least = now + config.leaseHeartbeatMs() * NANOS_PER_MS;
        boolean counts = phase == Phase.WAITING && heardLeader && !lostConnection && excuses < MAX_EXCUSES
                && least - silentNanos > 0;
        if (!attention.wasAway(now) || !counts) {
            return;
        }
        excuses++;
        silentNanos = least;
        deadline = Math.max(deadline, least + jitter(EXCUSE_JITTER_MS));
    }

    /** This turn may have been a long one: the sockets are read once more before anybody is suspected. */
    private boolean hasLookedAgain() {
        boolean looked = lookedAgain || phase != Phase.WAITING;
        lookedAgain = true;
        return looked;
    }

    // ---- the candidate's side

    private void ask(long now) {
        phase = Phase.ASKING;
        deadline = now + patience();
        forgetGrants();
        for (Peer peer : raft.peers()) {
            if (peer.voter) {
                raft.outbox().askAbout(peer, raft.term() + 1, journal.lastIndex(), journal.lastTerm());
            }
        }
        standIfMajority(now);
    }

    /** How long to wait for answers: longer each time, so that slow members do not outbid each other for ever. */
    private long patience() {
        int doublings = Math.min(failures / 2, MAX_DOUBLINGS);
        failures++;
        return (20 * NANOS_PER_MS + jitter(config.electionJitterMs())) << doublings;
    }

    private void standIfMajority(long now) {
        if (!memory.elects(raft.peers())) {
            return;
        }
        if (phase == Phase.ASKING) {
            stand(now);
        } else if (phase == Phase.STANDING) {
            phase = Phase.WAITING;
            raft.lead(boundNanos);
        }
    }

    private void stand(long now) {
        phase = Phase.STANDING;
        deadline = now + patience();
        heardLeader = false;
        raft.stand();
        boundNanos = raft.replica().answeredNanos();
        forgetGrants();
        for (Peer peer : raft.peers()) {
            if (peer.voter) {
                raft.outbox().send(peer, MessageKind.VOTE, true, journal.lastIndex(), journal.lastTerm(), 0, 0);
            }
        }
        standIfMajority(now);
    }

    void onPreVoteAnswer(Peer from, GroupHeader header) {
        if (header.b > 0 && raft.roster().toldRemovedBy(header.b)) {
            LOG.warn("{}: {} says that entry {}, which is committed, removed this member from the group", config.self(),
                    from.name, header.b);
            raft.membersChanged();
        }
        if (phase == Phase.ASKING && header.granted() && header.a == raft.term() + 1) {
            from.granted = true;
            from.mayHaveForgotten = header.c != 0;
            standIfMajority(raft.nanoTime());
        }
    }

    void onVoteAnswer(Peer from, GroupHeader header) {
        if (phase != Phase.STANDING || !header.granted() || header.currTerm() != raft.term()) {
            return;
        }
        long age = Math.max(0, header.a);
        long moment = raft.nanoTime() - age + age / CLOCK_DRIFT_DIVISOR;
        if (moment - boundNanos > 0) {
            boundNanos = moment;
        }
        from.granted = true;
        from.mayHaveForgotten = header.b != 0;
        standIfMajority(raft.nanoTime());
    }

    private void forgetGrants() {
        raft.peers().forEach(p -> p.granted = false);
    }

    // ---- the voter's side

    void onPreVote(Peer from, GroupHeader header) {
        boolean yes = header.currTerm() > raft.term() && !leaderIsAlive() && upToDate(header);
        boolean leftOut = !from.voter && raft.roster().latestIndex() <= raft.committed();
        raft.outbox().send(from, MessageKind.PRE_VOTE_ANSWER, yes, header.currTerm(),
                leftOut ? raft.roster().latestIndex() : 0, memory.mayHaveForgotten() ? 1 : 0, 0);
    }

    /** Whether this member would know a reason against an election (dissertation, 4.2.3 and 9.6). */
    private boolean leaderIsAlive() {
        if (raft.leads()) {
            return true;
        }
        long now = raft.nanoTime();
        excuseIfAway(now);
        return raft.hasLeader() && heardLeader && !lostConnection && now - silentNanos < 0;
    }

    void onVote(Peer from, GroupHeader header) {
        boolean yes = header.currTerm() == raft.term() && !raft.leads() && !raft.hasLeader() && upToDate(header)
                && raft.vote(from);
        if (yes) {
            waitAgain(raft.nanoTime());
        }
        long age = raft.nanoTime() - raft.replica().answeredNanos();
        raft.outbox().send(from, MessageKind.VOTE_ANSWER, yes, age, memory.mayHaveForgotten() ? 1 : 0, 0, 0);
    }

    /** Raft, 5.4.1: the later last term wins, then the longer journal. */
    private boolean upToDate(GroupHeader candidate) {
        long lastTerm = journal.lastTerm();
        return candidate.b > lastTerm || candidate.b == lastTerm && candidate.a >= journal.lastIndex();
    }
}
