package io.holdfast.cli.status;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a node says of itself on {@code GET /status}. What it does not say is null or 0. Immutable. */
public record NodeStatus(String node, String traffic, Refused refused, List<ServiceStatus> services) {

    public NodeStatus {
        services = services == null ? List.of() : List.copyOf(services);
    }

    /** The service of that name, or null. */
    public ServiceStatus service(String name) {
        return services.stream().filter(service -> name.equals(service.name())).findFirst().orElse(null);
    }

    /** One service as this node sees it. */
    public record ServiceStatus(String name, String role, String state, String message, long term, String leader,
            long committedIndex, long appliedIndex, long lastIndex, JournalStatus journal, String vip, boolean vipHeld, boolean leaseHeld,
            long leaseLapses, WorkloadStatus workload, CheckpointStatus checkpoint, int connections,
            long connectionsClosed, Refused refused, List<MemberStatus> members, TakeoverStatus lastTakeover) {

        public ServiceStatus {
            members = members == null ? List.of() : List.copyOf(members);
        }

        public boolean primary() {
            return "PRIMARY".equals(role);
        }

        /** True on the node that serves clients now. */
        public boolean livePrimary() {
            return primary() && "LIVE".equals(state);
        }

        /** True on a node that waits for its turn, with nothing of a former turn left to clear away. */
        public boolean standsBy() {
            return "STANDBY".equals(role) && "STANDBY".equals(state);
        }

        /** The index of the last ready checkpoint, 0 when there is none. */
        public long checkpointIndex() {
            return checkpoint == null ? 0 : checkpoint.readyIndex();
        }

        /** The term of the last takeover the journal knows, 0 when there is none. */
        public long takeoverTerm() {
            return lastTakeover == null ? 0 : lastTakeover.term();
        }
    }

    /** What the node's journal holds: see the node's own status. */
    public record JournalStatus(long firstIndex, long floorIndex, long snapshotIndex, long bytes, long maxBytes) {
    }

    /** Connections that one of its ports turned away since it started; of the last one from where, why and when. */
    public record Refused(long count, String last, String reason, long epochMillis) {
    }

    /** The protected program. */
    public record WorkloadStatus(String state, long pid) {
    }

    /**
     * The last checkpoint that is committed ready.
     *
     * @param held its files are on this node
     * @param gateClosedMs how long clients' packets waited for it
     */
    public record CheckpointStatus(long readyIndex, long ageMs, long bytes, boolean held, double gateClosedMs) {
    }

    /** Another node as this one sees it. */
    public record MemberStatus(String name, boolean reachable, long lastIndex, String admin) {
    }

    /**
     * A takeover.
     *
     * @param reason what it started from
     * @param stepsMs each step with its milliseconds since the one before, in order
     * @param details each step with a line for people, in order
     */
    public record TakeoverStatus(String node, long term, String reason, long startedEpochMillis,
            Map<String, Double> stepsMs, Map<String, String> details) {

        public TakeoverStatus {
            stepsMs = ordered(stepsMs);
            details = ordered(details);
        }

        /** True when it went through to the end. */
        public boolean live() {
            return stepsMs.containsKey("LIVE");
        }

        public double totalMs() {
            return stepsMs.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        private static <V> Map<String, V> ordered(Map<String, V> steps) {
            return steps == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(steps));
        }
    }
}
