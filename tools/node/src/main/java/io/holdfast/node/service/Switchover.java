package io.holdfast.node.service;

import io.holdfast.consensus.GroupStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * One planned takeover, prepared by the thread that was asked for it: a standby is chosen, a checkpoint taken that it holds,
 * so that there is little to replay, and then the service's thread hands over ({@link HandOver}).
 */
final class Switchover {
    private static final Logger LOG = LoggerFactory.getLogger(Switchover.class);
    private static final long CHECKPOINT_TIMEOUT_MS = 60_000;
    private static final long HAND_OVER_TIMEOUT_MS = 15_000;
    private static final long REACHABLE_MS = 1_000;

    private final String nodeName;
    private final ServiceReplica replica;
    private final CheckpointKeeper checkpoints;
    private final Supplier<CompletableFuture<EntryBodies.Ready>> checkpoint;
    private final BiFunction<String, Long, CompletableFuture<Void>> handOver;

    /**
     * What became of it.
     *
     * @param from       node that was primary
     * @param to         node that leads now and takes over
     * @param term       that ended
     * @param checkpoint index of the mark taken before, 0 when the service has no checkpoints
     */
    record Result(String from, String to, long term, long checkpoint) {
    }

    /**
     * @param checkpoint takes one now
     * @param handOver   hands the lead of a term to a member, on the service's thread
     */
    Switchover(String nodeName, ServiceReplica replica, CheckpointKeeper checkpoints,
               Supplier<CompletableFuture<EntryBodies.Ready>> checkpoint,
               BiFunction<String, Long, CompletableFuture<Void>> handOver) {
        this.nodeName = nodeName;
        this.replica = replica;
        this.checkpoints = checkpoints;
        this.checkpoint = checkpoint;
        this.handOver = handOver;
    }

    /**
     * @param wanted name of the standby, or null for the one that holds most
     * @throws IllegalStateException with the reason; this node is still the primary unless it lost the lead meanwhile
     */
    Result to(String wanted) {
        long term = replica.term();
        List<GroupStatus.PeerStatus> candidates = candidates(wanted);
        EntryBodies.Ready ready = checkpoints.enabled()
                ? Bounded.await(checkpoint.get(), CHECKPOINT_TIMEOUT_MS, "the checkpoint before it") : null;
        String target = candidates.stream().map(GroupStatus.PeerStatus::name)
                .filter(name -> ready == null || checkpoints.heldBy(name, ready)).findFirst()
                .orElseThrow(() -> new IllegalStateException("checkpoint " + ready.markIndex() + " is not held by "
                        + (wanted == null ? "any standby" : wanted)));
        LOG.info("hands over to {} in term {}", target, term);
        Bounded.await(handOver.apply(target, term), HAND_OVER_TIMEOUT_MS, "the switchover");
        return new Result(nodeName, target, term, ready == null ? 0 : ready.markIndex());
    }

    /** Standbys that may be handed the lead, the best first. */
    private List<GroupStatus.PeerStatus> candidates(String wanted) {
        List<String> members = replica.members().stream().map(m -> m.name()).toList();
        if (nodeName.equals(wanted)) {
            throw new IllegalStateException(nodeName + " is the primary already");
        }
        if (wanted != null && !members.contains(wanted)) {
            throw new IllegalStateException("'" + wanted + "' is not a member: " + members);
        }
        List<GroupStatus.PeerStatus> found = replica.groupStatus().peers().stream()
                .filter(p -> members.contains(p.name()) && (wanted == null || p.name().equals(wanted)))
                .filter(p -> p.heardAgoMs() >= 0 && p.heardAgoMs() < REACHABLE_MS)
                .sorted(Comparator.comparingLong(GroupStatus.PeerStatus::matchIndex).reversed()).toList();
        if (found.isEmpty()) {
            throw new IllegalStateException((wanted == null ? "no standby" : wanted) + " answers now");
        }
        return found;
    }
}
