package io.holdfast.node.service;

import io.holdfast.capture.GateMode;
import io.holdfast.journal.EntryKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The primary's part of a switchover, once, on the service's thread: the workload is cut off, the lease given back, the
 * lead handed over. The other node then takes over like after a failure, and this one steps down like after a lost election.
 *
 * <p>The gate goes to HOLD and not to PAUSED: what clients send until the lead is gone is committed and not released here, so
 * the next primary replays it, and nobody has to send it again. What was released here before is replayed there too, into
 * the state before it: no packet reaches one state of the workload twice (I4).
 *
 * <p>An entry says that the lease is back in the kernel's hands. Whoever leads the next term has it applied, and need not
 * wait for the old lease to run out (I2; docs/adr/0010).
 */
final class HandOver {
    private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);
    private static final long GATE_TIMEOUT_MS = 2_000;
    private static final long COMMIT_TIMEOUT_MS = 5_000;
    private static final long TRANSFER_TIMEOUT_MS = 5_000;

    private final String nodeName;
    private final String serviceName;
    private final ServiceNetwork network;
    private final ServiceReplica replica;

    HandOver(String nodeName, String serviceName, ServiceNetwork network, ServiceReplica replica) {
        this.nodeName = nodeName;
        this.serviceName = serviceName;
        this.network = network;
        this.replica = replica;
    }

    /**
     * Hands the lead of this term to a member.
     *
     * @throws IllegalStateException when it was not handed over: this node is the live primary again, or has lost the lead
     *                               otherwise
     */
    void to(String member, long term) {
        long begunNanos = System.nanoTime();
        try {
            network.gate(GateMode.HOLD, GATE_TIMEOUT_MS);
            if (!network.returnLease()) {
                throw new IllegalStateException("the lease was not given back in time");
            }
            Bounded.await(say(EntryBodies.Event.LEASE_RETURNED, term), COMMIT_TIMEOUT_MS, "the end of the lease");
            Bounded.await(replica.transferLeadership(member), TRANSFER_TIMEOUT_MS, "the transfer of the lead");
            LOG.info("service {}: handed over to {} within {} ms of the gate's closing", serviceName, member,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos));
        } catch (IllegalStateException e) {
            if (replica.leads(term)) {
                LOG.warn("service {}: was not handed over and goes on here: {}", serviceName, e.getMessage());
                takeBack(term);
            }
            throw e;
        }
    }

    /** Not before it is committed: from then on no later leader believes that the lease is free (I2). */
    private void takeBack(long term) {
        try {
            Bounded.await(say(EntryBodies.Event.LEASE_RETAKEN, term), COMMIT_TIMEOUT_MS, "that the lease is taken again");
        } catch (IllegalStateException e) {
            throw new LeaseNotTakenException(e.getMessage());
        }
        if (!network.goLive(term, () -> replica.leads(term))) {
            throw new LeaseNotTakenException("no majority confirmed the lease after a switchover that failed");
        }
    }

    private CompletableFuture<Long> say(String what, long term) {
        return replica.propose(EntryKind.EVENT, new EntryBodies.Event(what, nodeName, term, ""));
    }

    /** This node leads but cannot serve: it must leave the lead to another. */
    static final class LeaseNotTakenException extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        LeaseNotTakenException(String message) {
            super(message);
        }
    }
}
