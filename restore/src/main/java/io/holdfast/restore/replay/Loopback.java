package io.holdfast.restore.replay;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.RouteNetlink;
import io.holdfast.capture.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The way replay takes into the stack and back; owned by one thread.
 *
 * <p>Opening makes what can stand all the time: the device, its routing table and filter rules that keep connection
 * tracking away from it. {@link #engage} adds the one routing rule that sends the virtual address's answers into the
 * device instead of outside, {@link #release} takes it away; sockets re-route with their next packet
 * (net/ipv4/fib_rules.c flushes the route cache). The device goes with the process; the rule and the filter table
 * that a dead predecessor left are taken over or removed by opening.
 */
public final class Loopback implements AutoCloseable {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_NEWRULE = 32;
    private static final int RTM_DELRULE = 33;
    private static final int IFF_UP = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_TXQLEN = 13;
    private static final int RTA_OIF = 4;
    private static final int RTA_METRICS = 8;
    private static final int RTA_TABLE = 15;
    private static final int RTAX_LOCK = 1;
    private static final int RTAX_RTO_MIN = 13;
    private static final int RTPROT_STATIC = 4;
    private static final int RT_SCOPE_LINK = 253;
    private static final int RTN_UNICAST = 1;
    private static final int FRA_SRC = 2;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_TABLE = 15;
    private static final int FR_ACT_TO_TBL = 1;
    /** Answers that may wait to be read; beyond it the device drops. */
    private static final int QUEUE_PACKETS = 20_000;

    private final LoopbackConfig config;
    private final TunDevice tun;
    private final NetlinkSocket netlink;
    private final NetlinkSocket netfilter = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
    private final NetlinkWriter writer = new NetlinkWriter(512);
    private boolean engaged;

    private Loopback(LoopbackConfig config, TunDevice tun, NetlinkSocket netlink) {
        this.config = config;
        this.tun = tun;
        this.netlink = netlink;
    }

    /** Makes the standing parts in the network namespace of the calling thread, the rule not among them. */
    public static Loopback open(LoopbackConfig config) {
        TunDevice tun = TunDevice.open(config.device());
        Loopback loopback = new Loopback(config, tun, NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE));
        try {
            loopback.removeRules();
            loopback.setUp();
            return loopback;
        } catch (RuntimeException e) {
            loopback.close();
            throw e;
        }
    }

    private void setUp() {
        allowForeignSources();
        // The family, the kind of hardware and index 0: the device is found by its name.
        writer.clear().begin(RTM_NEWLINK, 0).putU8(0).putU8(0).putU16(0).putU32(0).putU32(IFF_UP).putU32(IFF_UP)
                .attribute(IFLA_IFNAME, config.device()).attributeU32(IFLA_MTU, config.mtuBytes())
                .attributeU32(IFLA_TXQLEN, QUEUE_PACKETS).end();
        netlink.request("set up " + config.device(), writer);
        LoopbackFilter.install(config.device());
        addRoute(interfaceIndex());
    }

    /** Clients' addresses arrive here, which live elsewhere: reverse path filtering must not be strict (ip-sysctl). */
    private void allowForeignSources() {
        Path all = Path.of("/proc/sys/net/ipv4/conf/all/rp_filter");
        Path v6 = Path.of("/proc/sys/net/ipv6/conf", config.device(), "disable_ipv6");
        Path own = Path.of("/proc/sys/net/ipv4/conf", config.device(), "rp_filter");
        try {
            // The larger of the two counts: 2 (loose) overrides a strict setting for all, which 0 would not.
            Files.writeString(own, Files.readString(all).trim().equals("0") ? "0" : "2");
            if (Files.exists(v6)) {
                Files.writeString(v6, "1"); // or the kernel solicits routers through it
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot set " + own, e);
        }
    }

    private int interfaceIndex() {
        try (RouteNetlink route = new RouteNetlink()) {
            return route.link(config.device()).index();
        }
    }

    private void addRoute(int interfaceIndex) {
        writer.clear().begin(RTM_NEWROUTE, NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_REPLACE)
                .putU8(LibC.AF_INET).putU8(0).putU8(0).putU8(0).putU8(0).putU8(RTPROT_STATIC).putU8(RT_SCOPE_LINK)
                .putU8(RTN_UNICAST).putU32(0)
                .attributeU32(RTA_TABLE, config.routingTable()).attributeU32(RTA_OIF, interfaceIndex);
        int metrics = writer.beginNested(RTA_METRICS);
        // A route's least timeout counts only while its metric is locked (include/net/tcp.h, tcp_rto_min).
        writer.attributeU32(RTAX_LOCK, 1 << RTAX_RTO_MIN).attributeU32(RTAX_RTO_MIN, config.leastRtoMs())
                .endNested(metrics).end();
        netlink.request("route into " + config.device(), writer);
    }

    /** Sends what the virtual address answers into the device from now on. Takes well under a millisecond. */
    public void engage() {
        if (!engaged) {
            discardAnswers();
            netlink.request("rule from " + Ipv4Packet.text(config.virtualAddress()), rule(RTM_NEWRULE,
                    NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_EXCL));
            engaged = true;
        }
    }

    /**
     * Throws away what waits to be read: the answers of an earlier clone, which a replay would take for its own
     * clone's. To be called before a clone runs, and again when one has ended before it was replayed to.
     */
    public void discardAnswers() {
        while (tun.read() != 0) {
            // nobody's any more
        }
    }

    /** Sends what the virtual address answers outside from now on. */
    public void release() {
        if (engaged) {
            netlink.request("rule from " + Ipv4Packet.text(config.virtualAddress()), rule(RTM_DELRULE, 0));
            engaged = false;
        }
    }

    public boolean isEngaged() {
        return engaged;
    }

    private NetlinkWriter rule(int type, int flags) {
        return writer.clear().begin(type, flags)
                .putU8(LibC.AF_INET).putU8(0).putU8(32).putU8(0).putU8(0).putU8(0).putU8(0).putU8(FR_ACT_TO_TBL).putU32(0)
                .attributeU32Be(FRA_SRC, config.virtualAddress()).attributeU32(FRA_PRIORITY, config.rulePriority())
                .attributeU32(FRA_TABLE, config.routingTable()).end();
    }

    /** Removes our rule as often as it is there: a predecessor may have died while it stood. */
    private void removeRules() {
        int result;
        do {
            result = netlink.tryRequest(rule(RTM_DELRULE, 0));
        } while (result == 0);
        if (result != -Errno.ENOENT) {
            throw new SystemCallException("remove left rules of " + config.device(), -result, netlink.lastErrorText());
        }
    }

    /** The device, for the one thread that replays. */
    public TunDevice device() {
        return tun;
    }

    public LoopbackConfig config() {
        return config;
    }

    /** Takes everything away again. */
    @Override
    public void close() {
        try (netlink; netfilter; tun) {
            release();
            LoopbackFilter.remove(netfilter, config.device());
        }
    }
}
