package io.holdfast.capture;

import io.holdfast.capture.linux.Command;
import java.util.List;

/**
 * The rules that lead outgoing FIN and RST segments of the virtual address into the guard's queue; stateless but for
 * its names, one thread at a time. They outlive the process on purpose: without a listener the queue drops.
 *
 * <p>On the outside interface only: what the clone answers into the loopback during a replay is not for clients. In the
 * mangle table, after connection tracking has seen the segment, so that its sequence number is still adjusted later
 * (net/netfilter/nf_conntrack_proto.c, nf_confirm, at the end of POSTROUTING).
 */
final class EgressGuardRules {
    private static final String CHAIN = "OUTPUT";

    private final String comment;
    private final String match;
    private final int queueNumber;

    EgressGuardRules(String service, String virtualAddress, String outsideInterface, int queueNumber) {
        Ipv4Packet.address(virtualAddress);
        this.comment = "holdfast:" + service;
        this.match = "-A " + CHAIN + " -s " + virtualAddress + " -o " + outsideInterface + " -p tcp --tcp-flags ";
        this.queueNumber = queueNumber;
    }

    void install() {
        StringBuilder changes = removals();
        for (String flag : List.of("FIN", "RST")) {
            changes.append(match).append(flag).append(' ').append(flag).append(" -m comment --comment ").append(comment)
                    .append(" -j NFQUEUE --queue-num ").append(queueNumber).append('\n');
        }
        restore(changes);
    }

    void remove() {
        restore(removals());
    }

    private StringBuilder removals() {
        StringBuilder changes = new StringBuilder();
        Command.run("iptables", "-w", "5", "-t", "mangle", "-S", CHAIN).lines()
                .filter(rule -> (rule + " ").contains("--comment " + comment + " ")
                        || rule.contains("--comment \"" + comment + "\""))
                .forEach(rule -> changes.append(rule.replaceFirst("^-A ", "-D ")).append('\n'));
        return changes;
    }

    private static void restore(StringBuilder changes) {
        if (!changes.isEmpty()) {
            Command.run(List.of("iptables-restore", "-w", "5", "--noflush"), "*mangle\n" + changes + "COMMIT\n");
        }
    }
}
