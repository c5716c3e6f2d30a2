package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkAttributes;
import io.holdfast.capture.linux.NetlinkReader;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.SystemCallException;
import io.holdfast.restore.connection.TcpTuple;
import java.util.ArrayList;
import java.util.List;

/**
 * Has the kernel translate between a client's numbering of the server's side and that of the process image; owned by
 * one thread.
 *
 * <p>A connection tracking entry with a sequence adjustment for the reply direction (net/netfilter/
 * nf_conntrack_seqadj.c) adds its offset to what the server sends and takes it from acknowledgements and SACK blocks
 * that come. It must exist before the first packet passes tracking, or the kernel makes one of its own without it.
 */
public final class ConntrackAdjust implements AutoCloseable {
    private static final int CTNETLINK = 1 << 8;
    private static final int IPCTNL_MSG_CT_NEW = CTNETLINK;
    private static final int IPCTNL_MSG_CT_GET = CTNETLINK | 1;
    private static final int IPCTNL_MSG_CT_DELETE = CTNETLINK | 2;
    private static final int NFGENMSG_BYTES = 4;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_STATUS = 3;
    private static final int CTA_PROTOINFO = 4;
    private static final int CTA_TIMEOUT = 7;
    private static final int CTA_SEQ_ADJ_REPLY = 16;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_TUPLE_PROTO = 2;
    private static final int CTA_IP_V4_SRC = 1;
    private static final int CTA_IP_V4_DST = 2;
    private static final int CTA_PROTO_NUM = 1;
    private static final int CTA_PROTO_SRC_PORT = 2;
    private static final int CTA_PROTO_DST_PORT = 3;
    private static final int CTA_PROTOINFO_TCP = 1;
    private static final int CTA_PROTOINFO_TCP_STATE = 1;
    private static final int CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4;
    private static final int CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;
    private static final int CTA_SEQADJ_CORRECTION_POS = 1;
    private static final int CTA_SEQADJ_OFFSET_BEFORE = 2;
    private static final int CTA_SEQADJ_OFFSET_AFTER = 3;
    /** IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED, IPS_SEQ_ADJUST (nf_conntrack_common.h). */
    private static final int STATUS = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 6;
    private static final int TCP_CONNTRACK_ESTABLISHED = 3;
    /** Window scale, SACK, and "be liberal": the windows of this entry's past are not known. Flags, then mask. */
    private static final byte[] LIBERAL = {0x0b, 0x0b};
    /** As long as the kernel keeps an idle established connection (nf_conntrack_tcp_timeout_established). */
    private static final int TIMEOUT_SECONDS = 432_000;

    private final NetlinkSocket netlink = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
    private final NetlinkWriter writer = new NetlinkWriter(512);
    private final NetlinkAttributes attributes = new NetlinkAttributes();
    private final NetlinkAttributes tuple = new NetlinkAttributes();
    private final NetlinkAttributes part = new NetlinkAttributes();

    /**
     * Puts the adjustment of a connection in, in place of any entry there is.
     *
     * @param delta the image's numbering minus the client's
     */
    public void install(TcpTuple connection, int delta) {
        remove(connection);
        begin(IPCTNL_MSG_CT_NEW, NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_EXCL);
        putTuple(CTA_TUPLE_ORIG, connection.clientAddress(), connection.clientPort(), connection.serverAddress(),
                connection.serverPort());
        putTuple(CTA_TUPLE_REPLY, connection.serverAddress(), connection.serverPort(), connection.clientAddress(),
                connection.clientPort());
        writer.attributeU32Be(CTA_STATUS, STATUS).attributeU32Be(CTA_TIMEOUT, TIMEOUT_SECONDS);
        putTcpState();
        int adjustment = writer.beginNested(CTA_SEQ_ADJ_REPLY);
        writer.attributeU32Be(CTA_SEQADJ_CORRECTION_POS, 0).attributeU32Be(CTA_SEQADJ_OFFSET_BEFORE, -delta)
                .attributeU32Be(CTA_SEQADJ_OFFSET_AFTER, -delta).endNested(adjustment).end();
        netlink.request("sequence adjustment of " + connection, writer);
    }

    /** Removes the entry of a connection. Returns whether there was one. */
    public boolean remove(TcpTuple connection) {
        begin(IPCTNL_MSG_CT_DELETE, 0);
        putTuple(CTA_TUPLE_ORIG, connection.clientAddress(), connection.clientPort(), connection.serverAddress(),
                connection.serverPort());
        int result = netlink.tryRequest(writer.end());
        if (result < 0 && result != -Errno.ENOENT) {
            throw new SystemCallException("delete tracking of " + connection, -result, netlink.lastErrorText());
        }
        return result == 0;
    }

    /** Removes every TCP entry of the virtual address: nothing of this node's time as primary must meet the next. */
    public int flush(int virtualAddress) {
        List<TcpTuple> found = new ArrayList<>();
        begin(IPCTNL_MSG_CT_GET, NetlinkWriter.NLM_F_DUMP);
        netlink.request("list tracked connections", writer.end(), message -> {
            TcpTuple original = read(message);
            if (original != null && original.serverAddress() == virtualAddress) {
                found.add(original);
            }
        });
        int removed = 0;
        for (TcpTuple each : found) {
            removed += remove(each) ? 1 : 0;
        }
        return removed;
    }

    private void begin(int type, int flags) {
        writer.clear().begin(type, flags).nfgenmsg(LibC.AF_INET, 0);
    }

    private void putTuple(int type, int source, int sourcePort, int destination, int destinationPort) {
        int outer = writer.beginNested(type);
        int addresses = writer.beginNested(CTA_TUPLE_IP);
        writer.attributeU32Be(CTA_IP_V4_SRC, source).attributeU32Be(CTA_IP_V4_DST, destination).endNested(addresses);
        int protocol = writer.beginNested(CTA_TUPLE_PROTO);
        writer.attributeU8(CTA_PROTO_NUM, LibC.IPPROTO_TCP).attributeU16Be(CTA_PROTO_SRC_PORT, sourcePort)
                .attributeU16Be(CTA_PROTO_DST_PORT, destinationPort).endNested(protocol);
        writer.endNested(outer);
    }

    private void putTcpState() {
        int outer = writer.beginNested(CTA_PROTOINFO);
        int tcp = writer.beginNested(CTA_PROTOINFO_TCP);
        writer.attributeU8(CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED)
                .attribute(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, LIBERAL).attribute(CTA_PROTOINFO_TCP_FLAGS_REPLY, LIBERAL);
        writer.endNested(tcp).endNested(outer);
    }

    /** The original direction of a tracked TCP connection; null for anything else. */
    private TcpTuple read(NetlinkReader message) {
        if (!message.attributes(attributes, NFGENMSG_BYTES).find(CTA_TUPLE_ORIG)) {
            return null;
        }
        attributes.nested(tuple);
        if (!tuple.find(CTA_TUPLE_IP) || !tuple.nested(part).find(CTA_IP_V4_SRC)) {
            return null;
        }
        int source = part.u32Be();
        int destination = part.find(CTA_IP_V4_DST) ? part.u32Be() : 0;
        if (!tuple.find(CTA_TUPLE_PROTO) || !tuple.nested(part).find(CTA_PROTO_NUM) || part.u8() != LibC.IPPROTO_TCP) {
            return null;
        }
        int sourcePort = part.find(CTA_PROTO_SRC_PORT) ? part.u16Be() : 0;
        int destinationPort = part.find(CTA_PROTO_DST_PORT) ? part.u16Be() : 0;
        return new TcpTuple(source, sourcePort, destination, destinationPort);
    }

    @Override
    public void close() {
        netlink.close();
    }
}
