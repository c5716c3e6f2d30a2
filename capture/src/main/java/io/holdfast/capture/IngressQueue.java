package io.holdfast.capture;

import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkAttributes;
import io.holdfast.capture.linux.NetlinkReader;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.SystemCallException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One NFQUEUE of the kernel (net/netfilter/nfnetlink_queue.c), owned by the capture thread; {@link #kernelCounts} may
 * be called by any thread until {@link #close}.
 *
 * <p>A packet stays in the kernel until its verdict. The flag NFQA_CFG_F_FAIL_OPEN is not set, so a packet that finds
 * the queue full is dropped (I3); NFQA_CFG_F_GSO is not set either, so the kernel splits aggregates and finishes
 * checksums before it hands packets over. Packets of one queue carry rising ids. Closing drops all that wait.
 */
public final class IngressQueue implements AutoCloseable {
    public static final int DROP = 0;
    public static final int ACCEPT = 1;
    /** What {@link #receive} returns when a datagram was lost in the receive buffer. */
    public static final int OVERRUN = -Errno.ENOBUFS;

    private static final int SUBSYSTEM_QUEUE = 3 << 8;
    private static final int MESSAGE_PACKET = SUBSYSTEM_QUEUE;
    private static final int MESSAGE_VERDICT = SUBSYSTEM_QUEUE | 1;
    private static final int MESSAGE_CONFIG = SUBSYSTEM_QUEUE | 2;
    private static final int MESSAGE_VERDICT_BATCH = SUBSYSTEM_QUEUE | 3;
    private static final int NFQA_CFG_CMD = 1;
    private static final int NFQA_CFG_PARAMS = 2;
    private static final int NFQA_CFG_QUEUE_MAXLEN = 3;
    private static final int NFQNL_CFG_CMD_BIND = 1;
    private static final int NFQNL_COPY_PACKET = 2;
    private static final int COPY_RANGE_BYTES = 0xffff;
    private static final int NFQA_PACKET_HDR = 1;
    private static final int NFQA_VERDICT_HDR = 2;
    private static final int NFQA_PAYLOAD = 10;
    private static final int NFQA_CAP_LEN = 13;
    private static final int NFQA_SKB_INFO = 14;
    private static final int NFQA_SKB_CSUMNOTREADY = 1;
    private static final int NFGENMSG_BYTES = 4;
    private static final int ETHERTYPE_IPV4 = 0x0800;
    /** A verdict message: netlink header 16, nfgenmsg 4, attribute header 4, then the verdict and the id. */
    private static final int VERDICT_OFFSET_BYTES = 24;
    private static final int VERDICT_ID_OFFSET_BYTES = 28;
    private static final int DATAGRAM_BYTES = 72 * 1024;

    private final int number;
    private final NetlinkSocket socket;
    private final RandomAccessFile statistics;
    private final ByteBuffer datagram = LibC.direct(DATAGRAM_BYTES);
    private final long datagramAddress = LibC.addressOf(datagram);
    private final ByteBuffer packet = datagram.duplicate().order(ByteOrder.BIG_ENDIAN);
    private final NetlinkReader reader = new NetlinkReader();
    private final NetlinkAttributes attributes = new NetlinkAttributes();
    private final NetlinkWriter single;
    private final NetlinkWriter batch;
    private int packetId;
    private boolean ipv4;
    private boolean truncated;
    private boolean checksumUnfinished;
    private long lateVerdicts;

    /** What the kernel counts for the queue since it was bound. */
    public record KernelCounts(long waiting, long droppedQueueFull, long droppedBufferFull) {
    }

    private IngressQueue(int number, NetlinkSocket socket, RandomAccessFile statistics) {
        this.number = number;
        this.socket = socket;
        this.statistics = statistics;
        this.single = verdictMessage(MESSAGE_VERDICT);
        this.batch = verdictMessage(MESSAGE_VERDICT_BATCH);
    }

    /**
     * Binds a queue in the calling thread's network namespace; packets come from then on.
     *
     * @param maxPackets how many packets may wait for their verdict; the kernel drops what comes beyond
     * @param receiveBufferBytes room for packets not read yet; the kernel counts about 1 KB beyond each one's length
     * @throws SystemCallException EBUSY when another process has the queue
     */
    public static IngressQueue open(int number, int maxPackets, int receiveBufferBytes) {
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
        try {
            socket.receiveBufferBytes(receiveBufferBytes);
            // An overflow is visible in the kernel's counts; the error would only cost a system call each time.
            socket.noOverrunErrors();
            IngressQueue queue = new IngressQueue(number, socket,
                    new RandomAccessFile("/proc/thread-self/net/netfilter/nfnetlink_queue", "r"));
            queue.configure(maxPackets);
            return queue;
        } catch (IOException e) {
            socket.close();
            throw new IllegalStateException("this kernel shows no NFQUEUE statistics", e);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void configure(int maxPackets) {
        NetlinkWriter writer = new NetlinkWriter(256);
        writer.begin(MESSAGE_CONFIG, 0).nfgenmsg(LibC.AF_INET, number);
        writer.attribute(NFQA_CFG_CMD, new byte[] {NFQNL_CFG_CMD_BIND, 0, 0, LibC.AF_INET});
        writer.attributeU32Be(NFQA_CFG_QUEUE_MAXLEN, maxPackets).end();
        socket.request("bind queue " + number, writer);
        // Packets flow from this on, so waiting for an answer here could swallow one; a refusal is met in next().
        writer.clear().begin(MESSAGE_CONFIG, 0).nfgenmsg(LibC.AF_INET, number);
        writer.attribute(NFQA_CFG_PARAMS, ByteBuffer.allocate(5).putInt(COPY_RANGE_BYTES)
                .put((byte) NFQNL_COPY_PACKET).array()).end();
        LibC.check("send(copy mode of queue " + number + ")", socket.send(writer));
    }

    private NetlinkWriter verdictMessage(int type) {
        return new NetlinkWriter(64).begin(type, 0).nfgenmsg(LibC.AF_INET, number)
                .attribute(NFQA_VERDICT_HDR, new byte[8]).end();
    }

    public int number() {
        return number;
    }

    /** To wait on with poll(2). */
    public int descriptor() {
        return socket.descriptor().number();
    }

    /** Reads one datagram without waiting. Returns 1 if {@link #next} has something to show, 0, or {@link #OVERRUN}. */
    public int receive() {
        int length = socket.receive(datagramAddress, DATAGRAM_BYTES, LibC.MSG_DONTWAIT);
        if (length == -Errno.EAGAIN) {
            return 0;
        }
        if (length == OVERRUN) {
            return OVERRUN;
        }
        LibC.check("recv(queue)", length);
        reader.wrap(datagram, length);
        return 1;
    }

    /** Takes the error poll(2) reports off the socket. Returns it, negated; 0 if there is none. */
    public int takeError() {
        return -socket.descriptor().takeError();
    }

    /** Moves to the next packet of the datagram received last. Returns false if there is none. */
    public boolean next() {
        while (reader.next()) {
            int type = reader.type();
            if (type == MESSAGE_PACKET && view()) {
                return true;
            }
            if (type == NetlinkReader.NLMSG_ERROR && reader.error() == -Errno.ENOENT) {
                lateVerdicts++;
            } else if (type == NetlinkReader.NLMSG_ERROR && reader.error() != 0) {
                throw new SystemCallException("netlink queue " + number, -reader.error(), reader.errorText());
            }
        }
        return false;
    }

    /** Finds id, payload and length of a packet message; false for one without an id, which no kernel sends. */
    private boolean view() {
        reader.attributes(attributes, NFGENMSG_BYTES);
        boolean hasId = false;
        int offset = 0;
        int length = 0;
        truncated = false;
        checksumUnfinished = false;
        while (attributes.next()) {
            switch (attributes.type()) {
                case NFQA_PACKET_HDR -> {
                    packetId = attributes.u32Be();
                    // struct nfqnl_msg_packet_hdr: id, then the protocol, big-endian like the view of the packet
                    ipv4 = (packet.getShort(attributes.offset() + 4) & 0xffff) == ETHERTYPE_IPV4;
                    hasId = true;
                }
                case NFQA_CAP_LEN -> truncated = true;
                case NFQA_SKB_INFO -> checksumUnfinished = (attributes.u32Be() & NFQA_SKB_CSUMNOTREADY) != 0;
                case NFQA_PAYLOAD -> {
                    offset = attributes.offset();
                    length = attributes.length();
                }
                default -> { }
            }
        }
        packet.limit(offset + length).position(offset);
        return hasId;
    }

    /** The id of the current packet; compare two by the sign of their difference. */
    public int packetId() {
        return packetId;
    }

    /** The current packet, position to limit, big-endian; valid until {@link #receive}. */
    public ByteBuffer packet() {
        return packet;
    }

    public boolean isIpv4() {
        return ipv4;
    }

    /** Whether the kernel could not show the whole packet: an attribute holds 65,531 bytes at most. */
    public boolean isTruncated() {
        return truncated;
    }

    /** Whether the sender left the transport checksum to hardware that the packet never met. */
    public boolean isChecksumUnfinished() {
        return checksumUnfinished;
    }

    /** Accepts or drops one packet. The rest of its way through the stack is walked inside this call. */
    public void verdict(int id, int verdict) {
        send(single, id, verdict);
    }

    /** Accepts or drops every waiting packet up to {@code id}, in order of their ids. */
    public void verdictUpTo(int id, int verdict) {
        send(batch, id, verdict);
    }

    private void send(NetlinkWriter message, int id, int verdict) {
        packetOrder(message.buffer(), VERDICT_OFFSET_BYTES, verdict);
        packetOrder(message.buffer(), VERDICT_ID_OFFSET_BYTES, id);
        int result = socket.send(message);
        Reference.reachabilityFence(message);
        LibC.check("send(verdict)", result);
    }

    private static void packetOrder(ByteBuffer buffer, int offset, int value) {
        buffer.putInt(offset, buffer.order() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value));
    }

    /** How many verdicts came too late: the kernel had dropped the packet itself, for instance with its interface. */
    public long lateVerdicts() {
        return lateVerdicts;
    }

    /** Reads the kernel's counts of this queue; all zero if it is not bound. */
    public KernelCounts kernelCounts() {
        synchronized (statistics) {
            try {
                statistics.seek(0);
                for (String line = statistics.readLine(); line != null; line = statistics.readLine()) {
                    String[] fields = line.strip().split("\\s+");
                    if (Integer.parseInt(fields[0]) == number) {
                        return new KernelCounts(Long.parseLong(fields[2]), Long.parseLong(fields[5]),
                                Long.parseLong(fields[6]));
                    }
                }
                return new KernelCounts(0, 0, 0);
            } catch (IOException e) {
                throw new IllegalStateException("NFQUEUE statistics", e);
            }
        }
    }

    @Override
    public void close() {
        socket.close();
        synchronized (statistics) {
            try {
                statistics.close();
            } catch (IOException e) {
                throw new IllegalStateException("NFQUEUE statistics", e);
            }
        }
    }
}
