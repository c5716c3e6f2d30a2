package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Command;
import java.util.List;

/**
 * The nftables table of one loopback.
 *
 * <p>Its packets pass connection tracking by, both ways: tracked, they would make entries without the sequence
 * adjustment the connection needs later. A rule that asks for the state of a connection keeps tracking switched on
 * in the network namespace, which it otherwise is not (net/netfilter/nf_conntrack_proto.c, nf_ct_netns_get).
 */
final class LoopbackFilter {
    private LoopbackFilter() {
    }

    /** Puts the table in place of one a dead predecessor left, in one transaction. */
    static void install(String device) {
        String table = table(device);
        run("""
                table ip %1$s
                delete table ip %1$s
                table ip %1$s {
                  chain arriving { type filter hook prerouting priority raw; iifname "%2$s" notrack; }
                  chain leaving { type filter hook output priority raw; oifname "%2$s" notrack; }
                  chain tracking { type filter hook prerouting priority filter; ct state new counter; }
                }
                """.formatted(table, device));
    }

    static void remove(String device) {
        run("table ip %1$s\ndelete table ip %1$s\n".formatted(table(device)));
    }

    private static String table(String device) {
        return "loopback_" + device.replaceAll("[^A-Za-z0-9]", "_");
    }

    private static void run(String script) {
        Command.run(List.of("nft", "-f", "-"), script);
    }
}
