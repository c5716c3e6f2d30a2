package io.holdfast.cli.testbed;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Watches at the switch that only one machine sends as the VIP (invariant I2): counts what a former sender still sends
 * after another has begun. Owned by the thread that drives the testbed; the kernel counts, frame by frame, so nothing
 * falls between two looks.
 *
 * <p>An IPv4 frame and an ARP frame with the VIP as sender both count: either would draw clients to the wrong machine.
 */
final class SenderWatch {

    private static final Pattern PACKETS = Pattern.compile("packets (\\d+)");

    /** The set holds the VIP itself as soon as another port has sent as the VIP; nftables has no plainer flag. */
    private static final String RULES = """
            add table bridge senders
            delete table bridge senders
            add table bridge senders
            add set bridge senders begun { type ipv4_addr; flags dynamic; size 4; }
            add counter bridge senders late
            add chain bridge senders arriving { type filter hook prerouting priority 0; }
            add rule bridge senders arriving iifname %1$s ip saddr %2$s ip saddr @begun counter name late
            add rule bridge senders arriving iifname %1$s arp saddr ip %2$s arp saddr ip @begun counter name late
            add rule bridge senders arriving iifname != %1$s ip saddr %2$s add @begun { ip saddr }
            """;

    private final String namespace;

    SenderWatch(String namespace) {
        this.namespace = namespace;
    }

    /** From now on the machine at {@code port} is the former sender; the count starts at 0. */
    void former(String port) {
        nft(RULES.formatted(port, Layout.VIP));
    }

    /** Frames the former sender sent as the VIP after another machine had begun to. */
    long lateFrames() {
        String counter = nft("list counter bridge senders late");
        Matcher packets = PACKETS.matcher(counter);
        if (!packets.find()) {
            throw new TestbedException("no count in: " + counter);
        }
        return Long.parseLong(packets.group(1));
    }

    private String nft(String commands) {
        return SystemCommand.run("ip", "netns", "exec", namespace, "nft", commands);
    }
}
