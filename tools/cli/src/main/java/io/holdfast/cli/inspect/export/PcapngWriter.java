package io.holdfast.cli.inspect.export;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Owned by one thread: writes IPv4 packets as a pcapng file (draft-ietf-opsawg-pcapng), front to back, so that it may be
 * a pipe. One section, one interface of raw IP, times in nanoseconds.
 */
public final class PcapngWriter implements Closeable {
    private static final int SECTION_HEADER = 0x0A0D0D0A;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int ENHANCED_PACKET = 6;
    private static final int BYTE_ORDER_MAGIC = 0x1A2B3C4D;
    private static final long LENGTH_UNKNOWN = -1;
    /** Raw IP: the packet begins with its IP header (LINKTYPE_RAW of tcpdump.org). */
    private static final int LINK_TYPE_RAW = 101;
    private static final int OPTION_END = 0;
    private static final int OPTION_COMMENT = 1;
    private static final int SECTION_APPLICATION = 4;
    private static final int INTERFACE_NAME = 2;
    private static final int INTERFACE_TIME_RESOLUTION = 9;
    private static final byte NANOSECONDS = 9;
    private static final int PACKET_FLAGS = 2;
    private static final int PACKET_ID = 5;
    private static final int OPTION_HEADER_BYTES = 4;
    /** Type, length, length again. */
    private static final int BLOCK_BYTES = 12;
    private static final int PACKET_FIXED_BYTES = 20;
    /** An option's length has 16 bits. */
    private static final int LONGEST_COMMENT_BYTES = 60_000;
    private static final int BUFFER_BYTES = 1 << 18;

    private final WritableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** Which way a packet went; the codes are those of the option epb_flags. */
    public enum Direction {
        /** From a client to the server. */
        INBOUND(1),
        /** From the server to a client. */
        OUTBOUND(2);

        private final int code;

        Direction(int code) {
            this.code = code;
        }
    }

    /**
     * Begins the file.
     *
     * @param channel       closed with this object
     * @param application   that writes, with its version
     * @param interfaceName that the packets are said to come from
     * @param comment       on the whole file
     */
    public PcapngWriter(WritableByteChannel channel, String application, String interfaceName, String comment)
            throws IOException {
        this.channel = channel;
        byte[] by = application.getBytes(StandardCharsets.UTF_8);
        byte[] about = bytes(comment);
        byte[] name = interfaceName.getBytes(StandardCharsets.UTF_8);
        int section = begin(SECTION_HEADER, 16 + option(about.length) + option(by.length) + OPTION_HEADER_BYTES);
        buffer.putInt(BYTE_ORDER_MAGIC).putShort((short) 1).putShort((short) 0).putLong(LENGTH_UNKNOWN);
        putOption(OPTION_COMMENT, about);
        putOption(SECTION_APPLICATION, by);
        end(section);
        int description = begin(INTERFACE_DESCRIPTION, 8 + option(name.length) + option(1) + OPTION_HEADER_BYTES);
        // The last field is the longest packet kept; 0: no limit.
        buffer.putShort((short) LINK_TYPE_RAW).putShort((short) 0).putInt(0);
        putOption(INTERFACE_NAME, name);
        putOption(INTERFACE_TIME_RESOLUTION, new byte[] {NANOSECONDS});
        end(description);
    }

    /**
     * Adds a packet.
     *
     * @param epochNanos when it passed, nanoseconds since 1970
     * @param id         a number of the caller's that readers show; negative: none
     * @param comments   each cut at 60,000 bytes
     */
    public void packet(long epochNanos, long id, Direction direction, byte[] packet, int offset, int length,
                       List<String> comments) throws IOException {
        byte[][] texts = comments.stream().map(PcapngWriter::bytes).toArray(byte[][]::new);
        int options = option(Integer.BYTES) + (id < 0 ? 0 : option(Long.BYTES)) + OPTION_HEADER_BYTES;
        for (byte[] text : texts) {
            options += option(text.length);
        }
        int block = begin(ENHANCED_PACKET, PACKET_FIXED_BYTES + padded(length) + options);
        buffer.putInt(0).putInt((int) (epochNanos >>> 32)).putInt((int) epochNanos).putInt(length).putInt(length);
        putPadded(packet, offset, length);
        for (byte[] text : texts) {
            putOption(OPTION_COMMENT, text);
        }
        room(option(Integer.BYTES) + option(Long.BYTES));
        putOptionHeader(PACKET_FLAGS, Integer.BYTES);
        buffer.putInt(direction.code);
        if (id >= 0) {
            putOptionHeader(PACKET_ID, Long.BYTES);
            buffer.putLong(id);
        }
        end(block);
    }

    /** Hands on what was added so far. */
    public void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            flush();
        }
    }

    /** Returns the length of the whole block, which stands at both its ends. */
    private int begin(int type, int bodyBytes) throws IOException {
        int total = BLOCK_BYTES + bodyBytes;
        room(BLOCK_BYTES + PACKET_FIXED_BYTES);
        buffer.putInt(type).putInt(total);
        return total;
    }

    private void end(int total) throws IOException {
        room(OPTION_HEADER_BYTES + Integer.BYTES);
        putOptionHeader(OPTION_END, 0);
        buffer.putInt(total);
    }

    private void putOption(int code, byte[] value) throws IOException {
        room(OPTION_HEADER_BYTES);
        putOptionHeader(code, value.length);
        putPadded(value, 0, value.length);
    }

    private void putOptionHeader(int code, int length) {
        buffer.putShort((short) code).putShort((short) length);
    }

    private void putPadded(byte[] bytes, int offset, int length) throws IOException {
        room(padded(length));
        buffer.put(bytes, offset, length);
        for (int i = length; i < padded(length); i++) {
            buffer.put((byte) 0);
        }
    }

    private void room(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private static int option(int valueBytes) {
        return OPTION_HEADER_BYTES + padded(valueBytes);
    }

    private static int padded(int length) {
        return length + 3 & ~3;
    }

    /** Cut between characters where it is too long: UTF-8 goes on with bytes of the form 10xxxxxx. */
    private static byte[] bytes(String text) {
        byte[] all = text.getBytes(StandardCharsets.UTF_8);
        if (all.length <= LONGEST_COMMENT_BYTES) {
            return all;
        }
        int end = LONGEST_COMMENT_BYTES;
        while ((all[end] & 0xC0) == 0x80) {
            end--;
        }
        return java.util.Arrays.copyOf(all, end);
    }
}
