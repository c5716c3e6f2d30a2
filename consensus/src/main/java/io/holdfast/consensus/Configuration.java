package io.holdfast.consensus;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Immutable: who votes in a group, and which group it is. Travels in the body of {@code TERM_START} and of
 * {@code GROUP_INTERNAL} entries and at the head of a snapshot.
 *
 * <pre> u8 version = 1 | i64 i64 group | u16 members | { UTF name | u8 length, address | u16 port } ... </pre>
 *
 * @param group drawn at random by the first leader of the group; null until there was one
 */
record Configuration(UUID group, List<Member> members) {
    private static final int VERSION = 1;

    Configuration {
        members = List.copyOf(members);
    }

    Configuration ofGroup(UUID drawn) {
        return new Configuration(drawn, members);
    }

    boolean contains(String name) {
        return member(name) != null;
    }

    /** The member of this name, or null. */
    Member member(String name) {
        for (Member member : members) {
            if (member.name().equals(name)) {
                return member;
            }
        }
        return null;
    }

    int majority() {
        return members.size() / 2 + 1;
    }

    Configuration with(Member added) {
        List<Member> all = new ArrayList<>(members);
        all.add(added);
        return new Configuration(group, all);
    }

    Configuration without(String name) {
        return new Configuration(group, members.stream().filter(m -> !m.name().equals(name)).toList());
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeLong(group.getMostSignificantBits());
            out.writeLong(group.getLeastSignificantBits());
            out.writeShort(members.size());
            for (Member member : members) {
                write(member, out);
            }
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return bytes.toByteArray();
    }

    /** @throws IllegalStateException when these bytes are no configuration: the entry that holds them is damaged */
    static Configuration decode(byte[] bytes, int offset, int length) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, offset, length))) {
            int version = in.readUnsignedByte();
            if (version != VERSION) {
                throw new IllegalStateException("configuration of unknown version " + version);
            }
            UUID group = new UUID(in.readLong(), in.readLong());
            int count = in.readUnsignedShort();
            List<Member> members = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                members.add(read(in));
            }
            return new Configuration(group, members);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalStateException("damaged configuration of " + length + " bytes: " + e, e);
        }
    }

    /** One member alone: what a message says of its sender. */
    static byte[] encode(Member member) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            write(member, out);
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return bytes.toByteArray();
    }

    /** Null when these bytes, which came from outside, name no member. */
    static Member decodeMember(byte[] bytes, int offset, int length) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, offset, length))) {
            return read(in);
        } catch (IOException | IllegalArgumentException e) {
            return null;
        }
    }

    private static void write(Member member, DataOutputStream out) throws IOException {
        byte[] address = member.address().getAddress();
        out.writeUTF(member.name());
        out.writeByte(address.length);
        out.write(address);
        out.writeShort(member.port());
    }

    private static Member read(DataInputStream in) throws IOException {
        String name = in.readUTF();
        byte[] address = in.readNBytes(in.readUnsignedByte());
        return new Member(name, InetAddress.getByAddress(address), in.readUnsignedShort());
    }
}
