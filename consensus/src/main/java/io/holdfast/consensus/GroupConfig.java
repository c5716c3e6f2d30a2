package io.holdfast.consensus;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.journal.Command;

/**
 * What a group needs to know to start.
 *
 * @param groupName         name of the service; members of different groups do not hear each other
 * @param self              name of this member
 * @param members           all members at the group's beginning, this one included; the same on each of them. Later the
 *                          journal says who is a member. For one that joins: itself and those it may hear from
 * @param joining           the group exists and will let this member in by {@link RaftGroup#addMember}: until then it
 *                          takes entries and never runs for election
 * @param traffic           how members are told from strangers
 * @param leaseHeartbeatMs  how often the leader asks for evidence that it still leads
 * @param electionTimeoutMs silence of the leader after which a member looks for another; at least two heartbeats
 * @param electionJitterMs  up to so much is added at random, so that two members seldom start at once (Raft, 5.2)
 * @param stepDownMs        a leader that no majority answered for so long, or whose disk has not ended a force for so long,
 *                          stops leading; long, since until then it only waits: its lease ends by itself, and when the
 *                          majority comes back it goes on
 * @param resendMs          entries not acknowledged for so long are sent again
 * @param lagMs             an entry is sent to followers that a majority can do without at most so much later than to the
 *                          others, which take turns; who has not answered for so long is no more relied on. Longer than
 *                          an answer usually takes, since it is what a follower's pause costs a client
 * @param maxInFlight       entries offered and not yet committed, at most
 * @param maxInFlightBytes  bytes offered and not yet taken by the runner, at most; rounded up to a power of two
 * @param windowBytes       bytes on the way to one follower and not yet acknowledged, at most
 * @param batchBytes        bytes of entries in one message, unless a single entry is longer
 * @param maxCommandBytes   the longest command taken; not longer than the journal's own limit
 */
public record GroupConfig(String groupName, String self, List<Member> members, boolean joining, ClusterTraffic traffic,
                          int leaseHeartbeatMs, int electionTimeoutMs, int electionJitterMs, int stepDownMs, int resendMs,
                          int lagMs, int maxInFlight, int maxInFlightBytes, int windowBytes, int batchBytes, int maxCommandBytes) {

    public GroupConfig {
        Objects.requireNonNull(groupName, "groupName");
        Objects.requireNonNull(self, "self");
        Objects.requireNonNull(traffic, "traffic");
        members = List.copyOf(members);
        requireDistinct(self, members);
        require(leaseHeartbeatMs > 0, "leaseHeartbeatMs must be positive");
        require(electionTimeoutMs >= 2 * leaseHeartbeatMs, "electionTimeoutMs must be at least two heartbeats");
        require(electionJitterMs > 0, "electionJitterMs must be positive");
        require(stepDownMs >= electionTimeoutMs, "stepDownMs must be at least electionTimeoutMs");
        require(resendMs > 0, "resendMs must be positive");
        require(lagMs > 0 && lagMs < resendMs, "lagMs must be 1 to less than resendMs");
        require(maxInFlight > 0, "maxInFlight must be positive");
        require(maxInFlightBytes >= 1 << 16 && maxInFlightBytes <= 1 << 30, "maxInFlightBytes must be 64 KiB to 1 GiB");
        require(batchBytes >= 1024 && batchBytes <= windowBytes, "batchBytes must be 1024 to windowBytes");
        require(maxCommandBytes >= Command.HEADER_BYTES && maxCommandBytes <= maxInFlightBytes / 4,
                "maxCommandBytes must be " + Command.HEADER_BYTES + " to a quarter of maxInFlightBytes");
    }

    /** The defaults for this group; its traffic is open. */
    public static GroupConfig of(String groupName, String self, List<Member> members) {
        return new GroupConfig(groupName, self, members, false, ClusterTraffic.OPEN, 40, 120, 40, 2000, 100, 2, 8192, 8 << 20,
                512 << 10, 64 << 10, 1 << 20);
    }

    public GroupConfig withTraffic(ClusterTraffic newTraffic) {
        return new GroupConfig(groupName, self, members, joining, newTraffic, leaseHeartbeatMs, electionTimeoutMs,
                electionJitterMs, stepDownMs, resendMs, lagMs, maxInFlight, maxInFlightBytes, windowBytes, batchBytes, maxCommandBytes);
    }

    public GroupConfig withLeaseHeartbeatMs(int ms) {
        return new GroupConfig(groupName, self, members, joining, traffic, ms, electionTimeoutMs, electionJitterMs, stepDownMs,
                resendMs, lagMs, maxInFlight, maxInFlightBytes, windowBytes, batchBytes, maxCommandBytes);
    }

    public GroupConfig withElection(int timeoutMs, int jitterMs, int newStepDownMs) {
        return new GroupConfig(groupName, self, members, joining, traffic, leaseHeartbeatMs, timeoutMs, jitterMs, newStepDownMs,
                resendMs, lagMs, maxInFlight, maxInFlightBytes, windowBytes, batchBytes, maxCommandBytes);
    }

    public GroupConfig withMaxInFlight(int entries) {
        return new GroupConfig(groupName, self, members, joining, traffic, leaseHeartbeatMs, electionTimeoutMs, electionJitterMs,
                stepDownMs, resendMs, lagMs, entries, maxInFlightBytes, windowBytes, batchBytes, maxCommandBytes);
    }

    public GroupConfig withWindow(int newWindowBytes, int newBatchBytes) {
        return new GroupConfig(groupName, self, members, joining, traffic, leaseHeartbeatMs, electionTimeoutMs, electionJitterMs,
                stepDownMs, resendMs, lagMs, maxInFlight, maxInFlightBytes, newWindowBytes, newBatchBytes, maxCommandBytes);
    }

    public GroupConfig withMaxCommandBytes(int bytes) {
        return new GroupConfig(groupName, self, members, joining, traffic, leaseHeartbeatMs, electionTimeoutMs, electionJitterMs,
                stepDownMs, resendMs, lagMs, maxInFlight, maxInFlightBytes, windowBytes, batchBytes, bytes);
    }

    /** For a member of which the group, which exists, does not know yet. */
    public GroupConfig asJoining() {
        return new GroupConfig(groupName, self, members, true, traffic, leaseHeartbeatMs, electionTimeoutMs, electionJitterMs,
                stepDownMs, resendMs, lagMs, maxInFlight, maxInFlightBytes, windowBytes, batchBytes, maxCommandBytes);
    }

    /** The member this node is. */
    public Member selfMember() {
        return members.stream().filter(m -> m.name().equals(self)).findFirst().orElseThrow();
    }

    private static void requireDistinct(String self, List<Member> members) {
        Set<String> names = new HashSet<>();
        Set<String> places = new HashSet<>();
        for (Member member : members) {
            require(names.add(member.name()), "two members are called " + member.name());
            require(places.add(member.address().getHostAddress() + ":" + member.port()),
                    "two members share address and port: " + member);
        }
        require(names.contains(self), "this member, " + self + ", is not among the members " + names);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
