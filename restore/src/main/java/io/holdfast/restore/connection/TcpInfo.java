package io.holdfast.restore.connection;

import java.nio.ByteBuffer;

/**
 * What is used of struct tcp_info (include/uapi/linux/tcp.h); immutable.
 *
 * @param retransmits how often the segment first in line was sent again without an answer
 * @param backoff how often the retransmission timeout was doubled
 * @param timestamps whether both sides agreed on RFC 7323 timestamps
 * @param selectiveAcks whether both sides agreed on RFC 2018
 * @param sendScale the client's window scale
 * @param receiveScale this side's window scale
 * @param sendMssBytes how much this side puts in a segment
 * @param unacknowledged segments sent and not acknowledged
 * @param bytesReceived how much has arrived in order, a FIN included, since the socket was made or restored
 * @param notSentBytes bytes the workload wrote and TCP has not sent
 * @param receiveWindowBytes how much the client may send beyond what has arrived
 */
public record TcpInfo(int retransmits, int backoff, boolean timestamps, boolean selectiveAcks, int sendScale,
                      int receiveScale, int rtoMicros, int sendMssBytes, int unacknowledged, long bytesReceived,
                      int notSentBytes, int receiveWindowBytes) {
    /** Up to and including tcpi_rcv_wnd; older kernels answer less, what is missing reads as zero. */
    public static final int BYTES = 236;
    private static final int RECEIVED_OFFSET = 128;
    private static final int TCPI_OPT_TIMESTAMPS = 1;
    private static final int TCPI_OPT_SACK = 2;

    /** Reads the struct from a buffer in the machine's byte order. */
    static TcpInfo read(ByteBuffer buffer, int offset, int length) {
        int options = u8(buffer, offset, length, 5);
        int scales = u8(buffer, offset, length, 6);
        return new TcpInfo(u8(buffer, offset, length, 2), u8(buffer, offset, length, 4),
                (options & TCPI_OPT_TIMESTAMPS) != 0, (options & TCPI_OPT_SACK) != 0, scales & 0xf, scales >>> 4,
                u32(buffer, offset, length, 8), u32(buffer, offset, length, 16), u32(buffer, offset, length, 24),
                RECEIVED_OFFSET + Long.BYTES <= length ? buffer.getLong(offset + RECEIVED_OFFSET) : 0,
                u32(buffer, offset, length, 144), u32(buffer, offset, length, 232));
    }

    private static int u8(ByteBuffer buffer, int offset, int length, int at) {
        return at < length ? buffer.get(offset + at) & 0xff : 0;
    }

    private static int u32(ByteBuffer buffer, int offset, int length, int at) {
        return at + Integer.BYTES <= length ? buffer.getInt(offset + at) : 0;
    }
}
