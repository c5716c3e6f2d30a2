package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Command;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.SystemCallException;
import java.util.List;

/**
 * The nftables table of one loopback.
 *
 * <p>Its packets pass connection tracking by, both ways: tracked, they would make entries without the sequence
 * adjustment the connection needs later. A rule that asks for the state of a connection keeps tracking switched on
 * in the network namespace, which it otherwise is not (net/netfilter/nf_conntrack_proto.c, nf_ct_netns_get).
 */
final class LoopbackFilter {
    private static final int SUBSYSTEM_NFTABLES = 10;
    private static final int NFNL_MSG_BATCH_BEGIN = 0x10;
    private static final int NFNL_MSG_BATCH_END = 0x11;
    private static final int NFT_MSG_DELTABLE = SUBSYSTEM_NFTABLES << 8 | 2;
    private static final int NFTA_TABLE_NAME = 1;

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

    /** Takes the table out, in the network namespace of the socket. @param netfilter of NETLINK_NETFILTER */
    static void remove(NetlinkSocket netfilter, String device) {
        NetlinkWriter writer = new NetlinkWriter(256);
        writer.begin(NFNL_MSG_BATCH_BEGIN, 0).nfgenmsg(0, SUBSYSTEM_NFTABLES).end();
        writer.begin(NFT_MSG_DELTABLE, 0).nfgenmsg(LibC.AF_INET, 0).attribute(NFTA_TABLE_NAME, table(device)).end();
        writer.begin(NFNL_MSG_BATCH_END, 0).nfgenmsg(0, SUBSYSTEM_NFTABLES).end();
        int result = netfilter.tryRequest(writer);
        if (result < 0 && result != -Errno.ENOENT) {
            throw new SystemCallException("delete table " + table(device), -result, netfilter.lastErrorText());
        }
    }

    private static String table(String device) {
        return "loopback_" + device.replaceAll("[^A-Za-z0-9]", "_");
    }

    private static void run(String script) {
        Command.run(List.of("nft", "-f", "-"), script);
    }
}
