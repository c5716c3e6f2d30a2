package io.holdfast.capture;

import io.holdfast.capture.linux.Command;
import java.util.List;

/**
 * The rules that lead packets for the virtual address into the queue; stateless but for its names, one thread at a
 * time. They outlive the process on purpose: a queue nobody listens on drops (I3), so a crash leaves the gate shut.
 *
 * <p>In the raw table, so a packet is held before connection tracking looks it up, and first in it, so that no other
 * rule lets it by. Defragmentation comes earlier still (NF_IP_PRI_CONNTRACK_DEFRAG, -400 before -300), but only in a
 * namespace that uses connection tracking; a second rule, which matches and does nothing, makes sure of that.
 */
public final class IngressRules {
    private static final String CHAIN = "PREROUTING";

    private final String comment;
    private final String virtualAddress;
    private final int queueNumber;
    private final String loopback;

    /**
     * @param service names the rules, so that they are found again
     * @param virtualAddress dotted
     * @param loopback the interface whose packets are not captured because replay injects them there; may be null
     */
    public IngressRules(String service, String virtualAddress, int queueNumber, String loopback) {
        if (!service.matches("[A-Za-z0-9_.-]{1,64}")) {
            throw new IllegalArgumentException("service name: " + service);
        }
        Ipv4Packet.address(virtualAddress);
        this.comment = "holdfast:" + service;
        this.virtualAddress = virtualAddress;
        this.queueNumber = queueNumber;
        this.loopback = loopback;
    }

    /** Puts the rules in, in one step with taking out those of this service that are there; nothing passes between. */
    public void install() {
        StringBuilder changes = new StringBuilder();
        String match = "-I " + CHAIN + " 1 -d " + virtualAddress
                + (loopback == null ? "" : " ! -i " + loopback) + " -m comment --comment " + comment;
        changes.append(match).append(" -j NFQUEUE --queue-num ").append(queueNumber).append('\n');
        changes.append("-I ").append(CHAIN).append(" 2 -d ").append(virtualAddress)
                .append(" -m conntrack --ctstate UNTRACKED -m comment --comment ").append(comment).append('\n');
        appendRemovals(changes);
        restore(changes);
    }

    /** Takes all rules of this service out, those of a dead predecessor with another address or queue too. */
    public void remove() {
        StringBuilder changes = new StringBuilder();
        appendRemovals(changes);
        if (changes.length() > 0) {
            restore(changes);
        }
    }

    /** Whether packets are led into the queue. */
    public boolean isInstalled() {
        return ownRules().stream().anyMatch(rule -> rule.contains("-j NFQUEUE --queue-num " + queueNumber)
                && rule.contains("-d " + virtualAddress + "/32"));
    }

    private void appendRemovals(StringBuilder changes) {
        ownRules().forEach(rule -> changes.append(rule.replaceFirst("^-A ", "-D ")).append('\n'));
    }

    private List<String> ownRules() {
        return Command.run("iptables", "-w", "5", "-t", "raw", "-S", CHAIN).lines()
                .filter(rule -> (rule + " ").contains("--comment " + comment + " ")
                        || rule.contains("--comment \"" + comment + "\""))
                .toList();
    }

    private static void restore(StringBuilder changes) {
        Command.run(List.of("iptables-restore", "-w", "5", "--noflush"), "*raw\n" + changes + "COMMIT\n");
    }
}
