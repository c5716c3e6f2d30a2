package io.holdfast.capture.linux;

import java.nio.ByteBuffer;

/**
 * Walks the messages of one received netlink datagram; a flyweight owned by one thread.
 *
 * <p>A length that does not fit ends the walk: {@link #next} returns false and {@link #isMalformed} tells.
 */
public final class NetlinkReader {
    public static final int NLMSG_NOOP = 1;
    public static final int NLMSG_ERROR = 2;
    public static final int NLMSG_DONE = 3;
    public static final int NLMSG_OVERRUN = 4;
    static final int NLM_F_MULTI = 0x2;
    /** The kernel left the failed request out of the error message (NLM_F_CAPPED). */
    static final int NLM_F_CAPPED = 0x100;
    static final int NLM_F_ACK_TLVS = 0x200;

    private ByteBuffer buffer;
    private int end;
    private int start;
    private int following;
    private boolean malformed;

    /** Starts before the first message in {@code buffer}, bytes 0 to {@code length}. */
    public NetlinkReader wrap(ByteBuffer source, int length) {
        buffer = source;
        end = length;
        start = 0;
        following = 0;
        malformed = false;
        return this;
    }

    /** Moves to the next message. Returns false when there is none. */
    public boolean next() {
        if (end - following < NetlinkWriter.HEADER_BYTES) {
            malformed = malformed || end != following;
            return false;
        }
        int length = buffer.getInt(following);
        if (length < NetlinkWriter.HEADER_BYTES || length > end - following) {
            malformed = true;
            return false;
        }
        start = following;
        following = Math.min(end, start + ((length + 3) & ~3));
        return true;
    }

    public boolean isMalformed() {
        return malformed;
    }

    public int type() {
        return buffer.getShort(start + 4) & 0xffff;
    }

    public int flags() {
        return buffer.getShort(start + NetlinkWriter.FLAGS_OFFSET_BYTES) & 0xffff;
    }

    public int sequence() {
        return buffer.getInt(start + NetlinkWriter.SEQUENCE_OFFSET_BYTES);
    }

    public int portId() {
        return buffer.getInt(start + 12);
    }

    /** The buffer the message lies in, in the machine's byte order; absolute access only. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Where the family's own header begins. */
    public int payloadOffset() {
        return start + NetlinkWriter.HEADER_BYTES;
    }

    public int payloadLength() {
        return buffer.getInt(start) - NetlinkWriter.HEADER_BYTES;
    }

    /** The attributes after a family header of {@code headerBytes}. */
    public NetlinkAttributes attributes(NetlinkAttributes into, int headerBytes) {
        int aligned = (headerBytes + 3) & ~3;
        return into.wrap(buffer, payloadOffset() + aligned, Math.max(0, payloadLength() - aligned));
    }

    /** Of an NLMSG_ERROR or NLMSG_DONE message: 0 for an acknowledgement, else the negated error number. */
    public int error() {
        return payloadLength() >= Integer.BYTES ? buffer.getInt(payloadOffset()) : 0;
    }

    /** Of an NLMSG_ERROR message: the kernel's own words (NLMSGERR_ATTR_MSG of the extended acknowledgement), or "". */
    public String errorText() {
        int requestOffset = payloadOffset() + Integer.BYTES;
        if (type() != NLMSG_ERROR || (flags() & NLM_F_ACK_TLVS) == 0
                || payloadLength() < Integer.BYTES + NetlinkWriter.HEADER_BYTES) {
            return "";
        }
        int requestBytes = (flags() & NLM_F_CAPPED) != 0 ? NetlinkWriter.HEADER_BYTES : buffer.getInt(requestOffset);
        int skip = Integer.BYTES + ((requestBytes + 3) & ~3);
        if (requestBytes < 0 || skip < 0 || skip > payloadLength()) {
            return "";
        }
        NetlinkAttributes attributes = new NetlinkAttributes()
                .wrap(buffer, payloadOffset() + skip, payloadLength() - skip);
        return attributes.find(1) ? attributes.string() : "";
    }
}
