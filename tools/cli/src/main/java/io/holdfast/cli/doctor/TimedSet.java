package io.holdfast.cli.doctor;

import io.holdfast.cli.testbed.SystemCommand;
import java.util.concurrent.TimeUnit;

/** An nftables set whose elements the kernel ends by itself, used in an egress chain: what the lease is made of. */
final class TimedSet implements Capability {

    private static final String ELEMENT = "192.0.2.1";
    private static final long PATIENCE_MS = 3000;
    private static final String RULES = "add table netdev hf_probe; "
            + "add set netdev hf_probe lease { type ipv4_addr; flags timeout; }; "
            + "add chain netdev hf_probe out { type filter hook egress device lo priority 0; policy accept; }; "
            + "add rule netdev hf_probe out ip saddr @lease accept; "
            + "add element netdev hf_probe lease { " + ELEMENT + " timeout 200ms }";

    @Override
    public String name() {
        return "nft timed set";
    }

    @Override
    public String remedy() {
        return "install nftables; the kernel needs CONFIG_NF_TABLES_NETDEV and CONFIG_NETFILTER_EGRESS (Linux 5.16 or newer)";
    }

    @Override
    public String tryOut() {
        SystemCommand.run("nft", RULES);
        long start = System.nanoTime();
        while (SystemCommand.run("nft", "list", "set", "netdev", "hf_probe", "lease").contains(ELEMENT)) {
            if (System.nanoTime() - start > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS)) {
                throw new CapabilityException("an element with a timeout of 200 ms was there after " + PATIENCE_MS + " ms");
            }
        }
        return "egress chain set, element of 200 ms lapsed by itself";
    }
}
