package io.holdfast.node.config;

import java.net.Inet4Address;

/**
 * One protected service: an address, a workload, a journal and a group. Immutable.
 *
 * @param name          names the group, the directories and what is made in the kernel; at most 10 characters
 * @param slot          place of the service in the file, from 0: queues, routing tables and devices are numbered by it
 * @param vip           the virtual address clients talk to
 * @param prefixLength  of the subnet the virtual address lives in
 * @param interfaceName outside interface that carries the address on the primary
 * @param groupPort     first of the TCP ports the group uses, on every member's address
 * @param recovery      what a takeover does with the journal
 * @param checkpoint    when and how checkpoints are taken
 * @param lease         timing of the right to send with the virtual address
 * @param journal       how the journal is kept
 * @param workload      the protected program
 */
public record ServiceConfig(String name, int slot, Inet4Address vip, int prefixLength, String interfaceName,
                            int groupPort, Recovery recovery, CheckpointConfig checkpoint, LeaseConfig lease,
                            JournalConfig journal, WorkloadConfig workload) {

    /** What a takeover does after the image is restored. */
    public enum Recovery {
        /** The journal is replayed from the mark; connections are carried on. */
        REPLAY,
        /** The image runs on without replay; open connections are reset on purpose. */
        RESTART
    }

    /** Number of the NFQUEUE that holds inbound packets. */
    public int ingressQueue() {
        return 4100 + slot * 2;
    }

    /** Number of the NFQUEUE that holds outbound FIN and RST segments until the workload is known to be alive. */
    public int egressQueue() {
        return ingressQueue() + 1;
    }

    /** Routing table that sends the clone's answers into the loopback while replay runs. */
    public int routeTable() {
        return 4100 + slot;
    }

    /** Name of the TUN device of the loopback; device names have at most 15 characters. */
    public String loopbackDevice() {
        return "hf-" + name;
    }
}
