package io.holdfast.node.service;

import io.holdfast.consensus.GroupStatus;
import io.holdfast.consensus.Refusals;
import io.holdfast.consensus.Role;
import io.holdfast.journal.Journal;
import io.holdfast.journal.Snapshot;
import io.holdfast.node.config.ClusterMember;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.node.service.ServiceStatus.CheckpointStatus;
import io.holdfast.node.service.ServiceStatus.JournalStatus;
import io.holdfast.node.service.ServiceStatus.MemberStatus;
import io.holdfast.node.service.ServiceStatus.TakeoverStatus;
import io.holdfast.node.service.ServiceStatus.WorkloadStatus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts a {@link ServiceStatus} together from what each part says at this moment; used once, by any thread. */
record StatusReport(NodeConfig node, ServiceConfig service, ServiceState state, String message, ServiceNetwork network,
                    ServiceReplica replica, Primary primary, CheckpointKeeper checkpoints, JournalKeeper journalKeeper) {
    private static final long REACHABLE_MS = 1_000;

    ServiceStatus build() {
        if (replica == null || !replica.hasJoined()) {
            return new ServiceStatus(service.name(), "STANDBY", state, message, 0, null, 0, 0, 0, null,
                    service.vip().getHostAddress(), network.vipHeld(), network.lease().held(), network.lease().lapses(),
                    workload(), null, 0, 0, network.counts(), Refusals.Seen.NOBODY, List.of(), null);
        }
        GroupStatus group = replica.groupStatus();
        String role = group.role() == Role.LEADER ? "PRIMARY" : "STANDBY";
        String said = message == null && primary != null ? checkpoints.lastProblem() : message;
        String room = journalKeeper.problem();
        said = room == null ? said : said == null ? room : room + "; " + said;
        said = said == null && group.leader() == null ? waitsFor(group) : said;
        return new ServiceStatus(service.name(), role, standing(group), said, group.term(), group.leader(), group.commitIndex(),
                replica.applied(), group.lastIndex(), journal(), service.vip().getHostAddress(), network.vipHeld(),
                network.lease().held(), network.lease().lapses(), workload(), checkpoint(),
                replica.openConnections(), replica.history().connectionsClosed(), network.counts(),
                replica.refused(), members(group),
                takeover(replica.history().lastTakeover()));
    }

    /** Why there is no leader, as far as this node knows; null when it knows nothing. */
    private String waitsFor(GroupStatus group) {
        if (!replica.journal().mayHaveForgotten()) {
            return group.refused();
        }
        List<String> missing = group.peers().stream().filter(peer -> !reachable(peer)).map(GroupStatus.PeerStatus::name).toList();
        return "its machine lost power, and entries that it acknowledged may be gone: it waits for "
                + (missing.isEmpty() ? "all members to vote" : String.join(" and ", missing))
                + ". If they cannot come back, see --accept-loss";
    }

    private static boolean reachable(GroupStatus.PeerStatus peer) {
        return peer.heardAgoMs() >= 0 && peer.heardAgoMs() < REACHABLE_MS;
    }

    /** A standby's standing in its group is a state of its own for whoever looks at it. */
    private ServiceState standing(GroupStatus group) {
        if (state == ServiceState.STANDBY && group.role() == Role.LEARNER) {
            return ServiceState.JOINING;
        }
        if (journalKeeper.full() && (state == ServiceState.LIVE || state == ServiceState.STANDBY)) {
            return ServiceState.JOURNAL_FULL;
        }
        return state == ServiceState.STANDBY && group.role() == Role.REMOVED ? ServiceState.REMOVED : state;
    }

    private JournalStatus journal() {
        Journal journal = replica.journal();
        Snapshot snapshot = journal.snapshot();
        return new JournalStatus(journal.firstIndex(), journal.floorIndex(), snapshot == null ? 0 : snapshot.index(),
                journal.bytesHeld(), service.journal().retain().maxBytes());
    }

    private WorkloadStatus workload() {
        boolean runs = primary != null && primary.workload().isAlive();
        return new WorkloadStatus(runs ? "RUNNING" : "NONE", runs ? primary.workload().pid() : 0);
    }

    private CheckpointStatus checkpoint() {
        ServiceHistory.ReadyCheckpoint newest = replica.history().newestReady();
        if (newest == null) {
            return null;
        }
        long ageMs = Math.max(0, (WallClock.epochNanos() - newest.epochNanos()) / 1_000_000);
        return new CheckpointStatus(newest.body().markIndex(), ageMs, newest.body().bytes(), checkpoints.holds(newest),
                newest.body().gateClosedMs());
    }

    private List<MemberStatus> members(GroupStatus group) {
        List<MemberStatus> members = new ArrayList<>();
        members.add(new MemberStatus(node.self().name(), true, group.lastIndex(), admin(node.self().name())));
        for (GroupStatus.PeerStatus peer : group.peers()) {
            boolean known = peer.progress() != GroupStatus.PeerProgress.NOT_LED;
            members.add(new MemberStatus(peer.name(), reachable(peer), known ? peer.matchIndex() : -1, admin(peer.name())));
        }
        return members;
    }

    private String admin(String member) {
        ClusterMember found = checkpoints.directory().find(member);
        return found == null ? null : found.address().getHostAddress() + ":" + found.adminPort();
    }

    private static TakeoverStatus takeover(ServiceHistory.Takeover last) {
        if (last == null) {
            return null;
        }
        Map<String, Double> stepsMs = new LinkedHashMap<>();
        last.stepsMs().forEach((step, ms) -> stepsMs.put(step.name(), ms));
        Map<String, String> details = new LinkedHashMap<>();
        last.details().forEach((step, detail) -> details.put(step.name(), detail));
        return new TakeoverStatus(last.node(), last.term(), details.getOrDefault("RESTORED", ""),
                last.startedNanos() / 1_000_000, stepsMs, details,
                last.counts().getOrDefault(EntryBodies.Step.REPLAYED, 0L),
                last.counts().getOrDefault(EntryBodies.Step.SURVIVED, 0L),
                last.counts().getOrDefault(EntryBodies.Step.CLOSED, 0L));
    }
}
