package io.holdfast.consensus;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Immutable: what the group keeps in a snapshot's bytes: who was a member as of its entry, and the node's state.
 *
 * <pre> i32 length | configuration | state </pre>
 */
record GroupSnapshot(Configuration configuration, byte[] state) {
    byte[] encode() {
        byte[] members = configuration.encode();
        return ByteBuffer.allocate(Integer.BYTES + members.length + state.length).putInt(members.length).put(members)
                .put(state).array();
    }

    /** @throws IllegalStateException when these bytes are no snapshot of a group */
    static GroupSnapshot decode(byte[] bytes) {
        int length = bytes.length < Integer.BYTES ? -1 : ByteBuffer.wrap(bytes).getInt();
        if (length < 0 || length > bytes.length - Integer.BYTES) {
            throw new IllegalStateException("damaged snapshot of " + bytes.length + " bytes");
        }
        return new GroupSnapshot(Configuration.decode(bytes, Integer.BYTES, length),
                Arrays.copyOfRange(bytes, Integer.BYTES + length, bytes.length));
    }
}
