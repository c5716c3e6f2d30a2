package io.holdfast.consensus;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.UUID;
import java.util.function.Supplier;

import org.jgroups.Header;
import org.jgroups.protocols.raft.RaftHeader;

/**
 * Owned by the thread that sends or receives: the head of each message between members. Who sends fills the same one
 * anew for each message ({@link Outbox}); one that was received does not change.
 *
 * <p>The stock headers carry neither what a follower verified nor a candidate's last entry in a vote request, and hide
 * their fields; this one has a kind, a flag and four numbers whose meaning {@link MessageKind} gives, and the group's own
 * number, by which a member of another group is known.
 */
public final class GroupHeader extends RaftHeader {
    static final short MAGIC = 4201;
    private static final int FIXED_BYTES = 1 + 1 + 7 * Long.BYTES;

    private byte kind;
    private boolean granted;
    private long groupHigh;
    private long groupLow;
    long a;
    long b;
    long c;
    long d;

    /** For JGroups, which fills it by {@link #readFrom}. */
    public GroupHeader() {
    }

    GroupHeader(MessageKind kind, long term, boolean granted, long a, long b, long c, long d) {
        set(kind, term, granted, a, b, c, d);
    }

    GroupHeader set(MessageKind newKind, long term, boolean nowGranted, long newA, long newB, long newC, long newD) {
        kind = (byte) newKind.code();
        curr_term = term;
        granted = nowGranted;
        a = newA;
        b = newB;
        c = newC;
        d = newD;
        return this;
    }

    GroupHeader of(UUID group) {
        groupHigh = group == null ? 0 : group.getMostSignificantBits();
        groupLow = group == null ? 0 : group.getLeastSignificantBits();
        return this;
    }

    GroupHeader copy() {
        GroupHeader copy = new GroupHeader(kind(), curr_term, granted, a, b, c, d);
        copy.groupHigh = groupHigh;
        copy.groupLow = groupLow;
        return copy;
    }

    /** Whether the sender is sure that it belongs to another group than this one. */
    boolean isForeignTo(UUID group) {
        boolean known = group != null && (groupHigh != 0 || groupLow != 0);
        return known && (groupHigh != group.getMostSignificantBits() || groupLow != group.getLeastSignificantBits());
    }

    UUID group() {
        return new UUID(groupHigh, groupLow);
    }

    /** Null when another version sent a kind this one does not know. */
    MessageKind kind() {
        return MessageKind.ofCode(kind);
    }

    boolean granted() {
        return granted;
    }

    @Override
    public short getMagicId() {
        return MAGIC;
    }

    @Override
    public Supplier<? extends Header> create() {
        return GroupHeader::new;
    }

    @Override
    public int serializedSize() {
        return FIXED_BYTES;
    }

    @Override
    public void writeTo(DataOutput out) throws IOException {
        out.writeByte(kind);
        out.writeBoolean(granted);
        out.writeLong(curr_term);
        out.writeLong(a);
        out.writeLong(b);
        out.writeLong(c);
        out.writeLong(d);
        out.writeLong(groupHigh);
        out.writeLong(groupLow);
    }

    @Override
    public void readFrom(DataInput in) throws IOException {
        kind = in.readByte();
        granted = in.readBoolean();
        curr_term = in.readLong();
        a = in.readLong();
        b = in.readLong();
        c = in.readLong();
        d = in.readLong();
        groupHigh = in.readLong();
        groupLow = in.readLong();
    }

    @Override
    public String toString() {
        return kind() + "(term=" + curr_term + ", granted=" + granted + ", " + a + ", " + b + ", " + c + ", " + d + ")";
    }
}
