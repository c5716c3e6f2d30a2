package io.holdfast.consensus;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import org.jgroups.stack.IpAddress;

/**
 * Immutable: the first frame of whoever dials, which says where it listens itself.
 *
 * <pre> u32 magic | u8 length | address | u16 port | u8 length | name of the group (UTF-8) </pre>
 */
final class Greeting {
    private static final int MAGIC = 0x48464c31;

    private final String groupName;
    private final byte[] bytes;

    Greeting(String groupName, InetSocketAddress self) {
        byte[] name = groupName.getBytes(StandardCharsets.UTF_8);
        if (name.length > 255) {
            throw new IllegalArgumentException("the group's name is longer than 255 bytes: " + groupName);
        }
        byte[] address = self.getAddress().getAddress();
        this.groupName = groupName;
        this.bytes = ByteBuffer.allocate(Integer.BYTES + 1 + address.length + Short.BYTES + 1 + name.length)
                .putInt(MAGIC).put((byte) address.length).put(address).putShort((short) self.getPort())
                .put((byte) name.length).put(name).array();
    }

    byte[] bytes() {
        return bytes;
    }

    /**
     * Where the other listens.
     *
     * @throws IOException when this is no greeting, or one of another group
     */
    IpAddress read(byte[] buffer, int offset, int length) throws IOException {
        ByteBuffer frame = ByteBuffer.wrap(buffer, offset, length);
        try {
            if (frame.getInt() != MAGIC) {
                throw new IOException("it is no member: its first bytes are not a greeting");
            }
            byte[] address = next(frame);
            int port = frame.getShort() & 0xffff;
            String name = new String(next(frame), StandardCharsets.UTF_8);
            if (!name.equals(groupName)) {
                throw new IOException("it belongs to the group " + name + ", not to " + groupName);
            }
            return new IpAddress(InetAddress.getByAddress(address), port);
        } catch (BufferUnderflowException e) {
            throw new IOException("it is no member: its greeting is cut short", e);
        }
    }

    private static byte[] next(ByteBuffer frame) {
        byte[] bytes = new byte[frame.get() & 0xff];
        frame.get(bytes);
        return bytes;
    }
}
