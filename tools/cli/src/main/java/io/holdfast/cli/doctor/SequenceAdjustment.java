package io.holdfast.cli.doctor;

import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkAttributes;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connection tracking with sequence adjustment: a tracked connection is made through ctnetlink with an offset for its
 * answers, and read back. Numbers from include/uapi/linux/netfilter/nfnetlink_conntrack.h.
 */
final class SequenceAdjustment implements Capability {

    private static final int CT_NEW = 1 << 8;
    private static final int CT_GET = 1 << 8 | 1;
    private static final int NFGENMSG_BYTES = 4;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_STATUS = 3;
    private static final int CTA_PROTOINFO = 4;
    private static final int CTA_TIMEOUT = 7;
    private static final int CTA_SEQ_ADJ_REPLY = 16;
    private static final int CTA_SEQADJ_CORRECTION_POS = 1;
    private static final int CTA_SEQADJ_OFFSET_BEFORE = 2;
    private static final int CTA_SEQADJ_OFFSET_AFTER = 3;
    /** IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED of nf_conntrack_common.h. */
    private static final int SEEN_ASSURED_CONFIRMED = 0x0e;
    private static final int TCP_CONNTRACK_ESTABLISHED = 3;
    /** 192.0.2.1 and 192.0.2.2, kept for documentation (RFC 5737). */
    private static final int CLIENT = 0xc0000201;
    private static final int SERVER = 0xc0000202;
    private static final int CLIENT_PORT = 40000;
    private static final int SERVER_PORT = 6379;
    private static final int OFFSET = -12345;

    @Override
    public String name() {
        return "sequence adjustment";
    }

    @Override
    public String remedy() {
        return "modprobe nf_conntrack nf_conntrack_netlink; the kernel needs CONFIG_NF_CT_NETLINK and CONFIG_NF_NAT";
    }

    @Override
    public String tryOut() {
        AtomicInteger offset = new AtomicInteger();
        NetlinkWriter writer = new NetlinkWriter(1024);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            writeConnection(writer);
            socket.request("make a tracked connection", writer);
            writer.clear().begin(CT_GET, 0).nfgenmsg(LibC.AF_INET, 0);
            writeTuple(writer, CTA_TUPLE_ORIG, CLIENT, CLIENT_PORT, SERVER, SERVER_PORT);
            writer.end();
            socket.request("read the tracked connection", writer, message -> {
                NetlinkAttributes attributes = message.attributes(new NetlinkAttributes(), NFGENMSG_BYTES);
                NetlinkAttributes adjustment = new NetlinkAttributes();
                if (attributes.find(CTA_SEQ_ADJ_REPLY)
                        && attributes.nested(adjustment).find(CTA_SEQADJ_OFFSET_AFTER)) {
                    offset.set(adjustment.u32Be());
                }
            });
        }
        if (offset.get() != OFFSET) {
            throw new CapabilityException("the offset was set to " + OFFSET + " and reads " + offset.get());
        }
        return "a tracked connection with an offset made through ctnetlink and read back";
    }

    private static void writeConnection(NetlinkWriter writer) {
        writer.begin(CT_NEW, NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_EXCL).nfgenmsg(LibC.AF_INET, 0);
        writeTuple(writer, CTA_TUPLE_ORIG, CLIENT, CLIENT_PORT, SERVER, SERVER_PORT);
        writeTuple(writer, CTA_TUPLE_REPLY, SERVER, SERVER_PORT, CLIENT, CLIENT_PORT);
        writer.attributeU32Be(CTA_STATUS, SEEN_ASSURED_CONFIRMED).attributeU32Be(CTA_TIMEOUT, 10);
        int protocol = writer.beginNested(CTA_PROTOINFO);
        int tcp = writer.beginNested(1);
        writer.attributeU8(1, TCP_CONNTRACK_ESTABLISHED).endNested(tcp).endNested(protocol);
        int adjustment = writer.beginNested(CTA_SEQ_ADJ_REPLY);
        writer.attributeU32Be(CTA_SEQADJ_CORRECTION_POS, 0).attributeU32Be(CTA_SEQADJ_OFFSET_BEFORE, OFFSET)
                .attributeU32Be(CTA_SEQADJ_OFFSET_AFTER, OFFSET).endNested(adjustment);
        writer.end();
    }

    /** CTA_TUPLE_IP (1) with source and destination, CTA_TUPLE_PROTO (2) with protocol number and ports. */
    private static void writeTuple(NetlinkWriter writer, int type, int from, int fromPort, int to, int toPort) {
        int tuple = writer.beginNested(type);
        int addresses = writer.beginNested(1);
        writer.attributeU32Be(1, from).attributeU32Be(2, to).endNested(addresses);
        int ports = writer.beginNested(2);
        writer.attributeU8(1, LibC.IPPROTO_TCP).attributeU16Be(2, fromPort).attributeU16Be(3, toPort).endNested(ports);
        writer.endNested(tuple);
    }
}
