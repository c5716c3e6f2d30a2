package io.holdfast.cli.doctor;

import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.cli.testbed.SystemCommand;

/** NFQUEUE: the rule that captures packets before connection tracking, and the queue they wait in. */
final class PacketQueue implements Capability {

    private static final String QUEUE = "7";
    /** include/uapi/linux/netfilter/nfnetlink_queue.h: NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG. */
    private static final int MESSAGE_CONFIG = 3 << 8 | 2;
    private static final int NFQA_CFG_CMD = 1;
    private static final byte NFQNL_CFG_CMD_BIND = 1;

    @Override
    public String name() {
        return "NFQUEUE";
    }

    @Override
    public String remedy() {
        return "install iptables; load xt_NFQUEUE, nfnetlink_queue and iptable_raw (modprobe)";
    }

    @Override
    public String tryOut() {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            NetlinkWriter request = new NetlinkWriter(256);
            request.begin(MESSAGE_CONFIG, 0).nfgenmsg(LibC.AF_INET, Integer.parseInt(QUEUE))
                    .attribute(NFQA_CFG_CMD, new byte[] {NFQNL_CFG_CMD_BIND, 0, 0, LibC.AF_INET}).end();
            socket.request("bind queue " + QUEUE, request);
            SystemCommand.run("iptables", "-w", "-t", "raw", "-A", "PREROUTING", "-d", "192.0.2.1",
                    "-j", "NFQUEUE", "--queue-num", QUEUE);
        }
        return "iptables raw PREROUTING rule set, queue bound";
    }
}
