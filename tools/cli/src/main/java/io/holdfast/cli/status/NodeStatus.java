package io.holdfast.cli.status;

import java.util.List;
import java.util.Map;

/** What a node says of itself on {@code GET /status}. What it does not say is null or 0. Immutable. */
public record NodeStatus(String node, List<ServiceStatus> services) {

    public NodeStatus {
        services = services == null ? List.of() : List.copyOf(services);
    }

    /** The service of that name, or null. */
    public ServiceStatus service(String name) {
        return services.stream().filter(service -> name.equals(service.name())).findFirst().orElse(null);
    }

    /** One service as this node sees it. */
    public record ServiceStatus(String name, String role, String state, long term, String leader,
            long committedIndex, long appliedIndex, long lastIndex, String vip, boolean vipHeld, boolean leaseHeld,
            WorkloadStatus workload, CheckpointStatus checkpoint, int connections, List<MemberStatus> members,
            TakeoverStatus lastTakeover) {

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

        /** The index of the last ready checkpoint, 0 when there is none. */
        public long checkpointIndex() {
            return checkpoint == null ? 0 : checkpoint.readyIndex();
        }

        /** The term of the last takeover this node went through, 0 when there is none. */
        public long takeoverTerm() {
            return lastTakeover == null ? 0 : lastTakeover.term();
        }
    }

    /** The protected program. */
    public record WorkloadStatus(String state, long pid) {
    }

    /** The last checkpoint that is committed ready; {@code held}: its files are on this node. */
    public record CheckpointStatus(long readyIndex, long ageMs, long bytes, boolean held) {
    }

    /** Another node as this one sees it. */
    public record MemberStatus(String name, boolean reachable, long lastIndex) {
    }

    /** A takeover: each step's milliseconds since it started. */
    public record TakeoverStatus(long term, String reason, long startedEpochMillis, Map<String, Double> stepsMs,
            long replayedEntries, int survived, int closed) {

        public TakeoverStatus {
            stepsMs = stepsMs == null ? Map.of() : java.util.Collections.unmodifiableMap(
                    new java.util.LinkedHashMap<>(stepsMs));
        }
    }
}
