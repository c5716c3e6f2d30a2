package io.holdfast.node.service;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.holdfast.consensus.Refusals;

import java.util.List;
import java.util.Map;

/**
 * What a node says of one service; the admin endpoint serves it as JSON.
 *
 * @param name           of the service
 * @param role           PRIMARY or STANDBY: what the group says
 * @param state          {@link ServiceState} of this node
 * @param message        why, when the state is FAILED or something needs an operator; null otherwise
 * @param term           of the group as this node knows it
 * @param leader         name of the member it follows, null when there is none
 * @param committedIndex last entry a quorum holds, as this node knows it
 * @param appliedIndex   last entry this node has applied
 * @param lastIndex      last entry in this node's journal
 * @param journal        what the journal holds
 * @param vip            the virtual address
 * @param vipHeld        whether this node carries it
 * @param leaseHeld      whether this node may send with it
 * @param leaseLapses    how often the lease ran out while it was wanted
 * @param workload       its process
 * @param checkpoint     newest ready checkpoint, null before the first
 * @param connections    connections the journal knows as open
 * @param connectionsClosed connections closed on purpose because they could not be carried on
 * @param packets        counters of the gate
 * @param refused        whom the group's port turned away
 * @param members        every member of the group
 * @param lastTakeover   the last one the journal knows, null before the first
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record ServiceStatus(String name, String role, ServiceState state, String message, long term, String leader,
                            long committedIndex, long appliedIndex, long lastIndex, JournalStatus journal, String vip,
                            boolean vipHeld,
                            boolean leaseHeld, long leaseLapses, WorkloadStatus workload,
                            CheckpointStatus checkpoint, int connections, long connectionsClosed,
                            Map<String, Long> packets, Refusals.Seen refused, List<MemberStatus> members, TakeoverStatus lastTakeover) {

    /**
     * The journal on this node.
     *
     * @param firstIndex    first entry held, 0 for none
     * @param floorIndex    last entry dropped, 0 for none
     * @param snapshotIndex what a snapshot stands for, 0 without one
     * @param bytes         that its files take
     * @param maxBytes      that they should not exceed
     */
    public record JournalStatus(long firstIndex, long floorIndex, long snapshotIndex, long bytes, long maxBytes) {
    }

    /**
     * The workload on this node.
     *
     * @param state RUNNING or NONE
     * @param pid   of its root process, 0 when there is none
     */
    public record WorkloadStatus(String state, long pid) {
    }

    /**
     * The newest ready checkpoint.
     *
     * @param readyIndex   index of its mark
     * @param ageMs        since it became ready
     * @param bytes        of all its files
     * @param held         whether this node holds it, verified
     * @param gateClosedMs how long packets waited for it
     */
    public record CheckpointStatus(long readyIndex, long ageMs, long bytes, boolean held, double gateClosedMs) {
    }

    /**
     * One member as this node sees it.
     *
     * @param name      of the member
     * @param reachable whether it is in this node's view
     * @param lastIndex last entry known to be in its journal, -1 when this node does not know
     * @param admin     address and port of its admin endpoint
     */
    public record MemberStatus(String name, boolean reachable, long lastIndex, String admin) {
    }

    /**
     * The last takeover.
     *
     * @param node               that took over
     * @param term               its term
     * @param reason             what it started from
     * @param startedEpochMillis wall time of its first step
     * @param stepsMs            each step with the milliseconds since the one before
     * @param details            each step with its line for people
     * @param replayedEntries    packets that went through the loopback
     * @param survived           connections that were carried on
     * @param closed             connections that could not be and were closed on purpose
     */
    public record TakeoverStatus(String node, long term, String reason, long startedEpochMillis,
                                 Map<String, Double> stepsMs, Map<String, String> details, long replayedEntries,
                                 long survived, long closed) {
    }
}
