package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class CommandTest {
    @Property
    void whatIsEncodedIsReadBack(@ForAll EntryKind kind, @ForAll @IntRange(max = 0xFFFF) int flags, @ForAll long epochNanos,
                                 @ForAll @Size(max = 300) byte[] body, @ForAll @IntRange(max = 40) int offset) {
        byte[] command = Command.encode(kind, flags, epochNanos, body);
        byte[] buffer = new byte[offset + command.length + 3];
        int length = Command.encodeInto(kind, flags, epochNanos, body, 0, body.length, buffer, offset);

        assertThat(Arrays.copyOfRange(buffer, offset, offset + length)).isEqualTo(command);
        assertThat(Command.problem(buffer, offset, length)).isNull();
        assertThat(Command.kind(buffer, offset)).isEqualTo(kind);
        assertThat(Command.flags(buffer, offset)).isEqualTo(flags);
        assertThat(Command.epochNanos(buffer, offset)).isEqualTo(epochNanos);
        assertThat(Arrays.copyOfRange(buffer, offset + Command.HEADER_BYTES, offset + length)).isEqualTo(body);
    }

    @Property
    void anyBytesAreJudgedWithoutAnException(@ForAll @Size(max = 64) byte[] bytes, @ForAll int offset, @ForAll int length) {
        String problem = Command.problem(bytes, offset, length);
        if (problem == null) {
            assertThat(Command.kind(bytes, offset)).isNotNull();
            assertThat(length).isGreaterThanOrEqualTo(Command.HEADER_BYTES);
        }
    }

    @Test
    void theFormOnTheWireIsTheDocumentedOne() {
        byte[] command = Command.encode(EntryKind.PACKET, 0x8001, 0x0102030405060708L, new byte[] {9});
        assertThat(command).containsExactly(1, 2, 0x80, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }

    @Test
    void eachFaultOfTheHeaderIsNamed() {
        byte[] good = Command.encode(EntryKind.MARK, 0, 1, new byte[4]);
        assertThat(Command.problem(good, 0, 15)).contains("shorter than its header");
        assertThat(Command.problem(good, 5, 20)).contains("outside its buffer");
        assertThat(Command.problem(with(good, 0, 2), 0, 20)).contains("version 2");
        assertThat(Command.problem(with(good, 1, 99), 0, 20)).contains("kind 99");
        assertThat(Command.problem(with(good, 7, 1), 0, 20)).contains("reserved");
        assertThatThrownBy(() -> Command.encode(EntryKind.MARK, 0x10000, 0, new byte[0])).isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] with(byte[] bytes, int at, int value) {
        byte[] copy = bytes.clone();
        copy[at] = (byte) value;
        return copy;
    }
}
