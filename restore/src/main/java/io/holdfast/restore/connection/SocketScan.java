package io.holdfast.restore.connection;

import io.holdfast.capture.linux.Errno;
import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.NetlinkAttributes;
import io.holdfast.capture.linux.NetlinkReader;
import io.holdfast.capture.linux.NetlinkSocket;
import io.holdfast.capture.linux.NetlinkWriter;
import io.holdfast.capture.linux.SystemCallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Asks the kernel about the TCP sockets of one network namespace (sock_diag(7)); owned by one thread.
 *
 * <p>A socket that listens on an IPv6 wildcard serves IPv4 clients with IPv6 sockets of mapped addresses, so both
 * families are asked for.
 */
public final class SocketScan implements AutoCloseable {
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int SOCK_DESTROY = 21;
    private static final int INET_DIAG_INFO = 2;
    /** struct inet_diag_msg: where its parts lie (include/uapi/linux/inet_diag.h). */
    private static final int MESSAGE_BYTES = 72;
    private static final int SOURCE_PORT_OFFSET = 4;
    private static final int DESTINATION_PORT_OFFSET = 6;
    private static final int SOURCE_OFFSET = 8;
    private static final int DESTINATION_OFFSET = 24;
    private static final int RECEIVE_QUEUE_OFFSET = 56;
    private static final int SEND_QUEUE_OFFSET = 60;
    private static final int INODE_OFFSET = 68;
    private static final int ALL_STATES = 0xfff << 1;

    private final NetlinkSocket netlink = NetlinkSocket.open(NetlinkSocket.NETLINK_SOCK_DIAG);
    private final NetlinkWriter writer = new NetlinkWriter(256);
    private final NetlinkAttributes attributes = new NetlinkAttributes();
    private final NetlinkSocket.MessageHandler keepQueues = this::keepQueues;
    private SocketState foundState;
    private int foundReceiveQueueBytes;

    /** Every TCP socket of the virtual address except the listening ones, timers and window scales included. */
    public List<TcpSocket> connections(int virtualAddress) {
        List<TcpSocket> found = new ArrayList<>();
        dump(ALL_STATES & ~SocketState.LISTEN.bit(), socket -> {
            if (socket.tuple().serverAddress() == virtualAddress) {
                found.add(socket);
            }
        });
        return found;
    }

    /** The listening sockets a packet for the virtual address can meet: bound to it or to the wildcard. */
    public List<TcpSocket> listeners(int virtualAddress) {
        List<TcpSocket> found = new ArrayList<>();
        dump(SocketState.LISTEN.bit(), socket -> {
            int address = socket.tuple().serverAddress();
            if (address == 0 || address == virtualAddress) {
                found.add(socket);
            }
        });
        return found;
    }

    /** The socket of one connection, or null. */
    public TcpSocket find(TcpTuple tuple) {
        request(SOCK_DIAG_BY_FAMILY, tuple, 1 << INET_DIAG_INFO - 1);
        TcpSocket[] found = new TcpSocket[1];
        int result = netlink.tryRequest(writer, message -> found[0] = read(message));
        return exists(result) && found[0].state() != SocketState.LISTEN ? found[0] : null;
    }

    /**
     * How many bytes of a connection have arrived and wait for the workload to read them; -1 when there is no socket.
     * Allocates nothing.
     */
    public int unreadBytes(TcpTuple tuple) {
        request(SOCK_DIAG_BY_FAMILY, tuple, 0);
        foundState = null;
        int result = netlink.tryRequest(writer, keepQueues);
        return exists(result) && foundState != null && foundState != SocketState.LISTEN ? foundReceiveQueueBytes : -1;
    }

    /**
     * Closes a connection from outside, which sends the client a reset where it still holds the connection open
     * (net/ipv4/tcp.c, tcp_abort). Returns false when there is no such socket.
     */
    public boolean destroy(TcpTuple tuple) {
        request(SOCK_DESTROY, tuple, 0);
        return exists(netlink.tryRequest(writer));
    }

    private boolean exists(int result) {
        if (result == -Errno.ENOENT) {
            return false;
        }
        if (result < 0) {
            throw new SystemCallException("sock_diag", -result, netlink.lastErrorText());
        }
        return true;
    }

    private void dump(int states, Consumer<TcpSocket> each) {
        for (int family : new int[] {LibC.AF_INET, LibC.AF_INET6}) {
            writer.clear().begin(SOCK_DIAG_BY_FAMILY, NetlinkWriter.NLM_F_DUMP);
            header(family, states, 1 << INET_DIAG_INFO - 1).putU32(0);
            putIdentity(0, 0, 0, 0);
            writer.end();
            netlink.request("dump of TCP sockets", writer, message -> {
                TcpSocket socket = read(message);
                if (socket != null) {
                    each.accept(socket);
                }
            });
        }
    }

    private void request(int type, TcpTuple tuple, int extensions) {
        writer.clear().begin(type, 0);
        header(LibC.AF_INET, ALL_STATES, extensions);
        putIdentity(tuple.serverPort(), tuple.clientPort(), tuple.serverAddress(), tuple.clientAddress());
        writer.end();
    }

    /** The first 8 bytes of struct inet_diag_req_v2. */
    private NetlinkWriter header(int family, int states, int extensions) {
        return writer.putU8(family).putU8(LibC.IPPROTO_TCP).putU8(extensions).putU8(0).putU32(states);
    }

    /** struct inet_diag_sockid, with any cookie and any interface. */
    private void putIdentity(int sourcePort, int destinationPort, int source, int destination) {
        writer.putU16Be(sourcePort).putU16Be(destinationPort);
        writer.putU32Be(source).putU32(0).putU32(0).putU32(0);
        writer.putU32Be(destination).putU32(0).putU32(0).putU32(0);
        writer.putU32(0).putU32(-1).putU32(-1);
    }

    private void keepQueues(NetlinkReader message) {
        if (message.payloadLength() >= MESSAGE_BYTES) {
            foundState = SocketState.of(message.buffer().get(message.payloadOffset() + 1));
            foundReceiveQueueBytes = message.buffer().getInt(message.payloadOffset() + RECEIVE_QUEUE_OFFSET);
        }
    }

    /** Null for a socket of a true IPv6 connection. */
    private TcpSocket read(NetlinkReader message) {
        if (message.payloadLength() < MESSAGE_BYTES) {
            throw new IllegalStateException("sock_diag answered " + message.payloadLength() + " bytes");
        }
        var buffer = message.buffer();
        int at = message.payloadOffset();
        boolean v6 = buffer.get(at) == LibC.AF_INET6;
        if (v6 && !(isMappedOrAny(buffer, at + SOURCE_OFFSET) && isMappedOrAny(buffer, at + DESTINATION_OFFSET))) {
            return null;
        }
        int last = v6 ? 12 : 0;
        TcpTuple tuple = new TcpTuple(bigEndianInt(buffer, at + DESTINATION_OFFSET + last),
                bigEndianShort(buffer, at + DESTINATION_PORT_OFFSET), bigEndianInt(buffer, at + SOURCE_OFFSET + last),
                bigEndianShort(buffer, at + SOURCE_PORT_OFFSET));
        message.attributes(attributes, MESSAGE_BYTES);
        TcpInfo info = attributes.find(INET_DIAG_INFO)
                ? TcpInfo.read(buffer, attributes.offset(), attributes.length()) : null;
        return new TcpSocket(tuple, SocketState.of(buffer.get(at + 1)), buffer.getInt(at + INODE_OFFSET) & 0xffffffffL,
                buffer.getInt(at + RECEIVE_QUEUE_OFFSET), buffer.getInt(at + SEND_QUEUE_OFFSET), info);
    }

    /** ::ffff:a.b.c.d or :: (RFC 4291). */
    private static boolean isMappedOrAny(ByteBuffer buffer, int at) {
        int third = bigEndianInt(buffer, at + 8);
        boolean zeroPrefix = buffer.getLong(at) == 0;
        return zeroPrefix && (third == 0xffff || third == 0 && buffer.getInt(at + 12) == 0);
    }

    private static int bigEndianInt(ByteBuffer buffer, int at) {
        int value = buffer.getInt(at);
        return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
    }

    private static int bigEndianShort(ByteBuffer buffer, int at) {
        short value = buffer.getShort(at);
        return (buffer.order() == ByteOrder.BIG_ENDIAN ? value : Short.reverseBytes(value)) & 0xffff;
    }

    @Override
    public void close() {
        netlink.close();
    }
}
