package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.zip.CRC32C;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Positive;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class StoredRecordTest {
    private final CRC32C crc = new CRC32C();

    @Property
    void aSealedRecordIsWhole(@ForAll @LongRange(min = 1) long index, @ForAll @Positive long term, @ForAll boolean internal,
                              @ForAll int previous, @ForAll @Size(max = 200) byte[] body) {
        byte[] record = record(index, term, internal, previous, body);
        assertThat(StoredRecord.problem(record, record.length, crc)).isNull();
        assertThat(StoredRecord.index(record)).isEqualTo(index);
        assertThat(StoredRecord.term(record)).isEqualTo(term);
        assertThat(StoredRecord.internal(record)).isEqualTo(internal);
        assertThat(StoredRecord.previousChain(record)).isEqualTo(previous);
    }

    @Property
    void anySingleFlippedBitIsFound(@ForAll @Size(max = 100) byte[] body, @ForAll @IntRange(max = 100_000) int bit) {
        byte[] record = record(7, 3, false, 42, body);
        int flipped = bit % (record.length * 8);
        record[flipped / 8] ^= (byte) (1 << flipped % 8);
        assertThat(StoredRecord.problem(record, record.length, crc)).isNotNull();
    }

    @Property
    void anyOtherLengthIsFound(@ForAll @Size(max = 100) byte[] body, @ForAll int length) {
        byte[] record = record(7, 3, false, 42, body);
        if (length != record.length) {
            assertThat(StoredRecord.problem(record, length, crc)).isNotNull();
        }
    }

    @Property
    void anyBytesAreJudgedWithoutAnException(@ForAll @Size(max = 120) byte[] bytes, @ForAll int storedLength) {
        if (bytes.length >= StoredRecord.HEADER_BYTES) {
            Command.SHORT.set(bytes, 0, (short) StoredRecord.MAGIC);
            bytes[2] = StoredRecord.VERSION;
            Command.INT.set(bytes, 4, storedLength);
        }
        assertThat(StoredRecord.problem(bytes, bytes.length, crc)).isNotNull();
    }

    @Test
    void theChainCoversTheRecordBefore() {
        byte[] one = record(1, 1, false, 0, new byte[3]);
        byte[] other = record(1, 1, false, 1, new byte[3]);
        assertThat(StoredRecord.chain(one)).isNotEqualTo(StoredRecord.chain(other));
    }

    @Test
    void theStoredFormIsTheDocumentedOne() {
        byte[] record = record(0x0102030405060708L, 0x1112131415161718L, true, 0x21222324, new byte[0]);
        crc.reset();
        crc.update(record, 0, 28);
        crc.update(record, 32, 16);
        assertThat(java.util.Arrays.copyOf(record, 28)).containsExactly(0x48, 0x46, 2, 1, 0, 0, 0, 16,
                1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24);
        assertThat(StoredRecord.chain(record)).isEqualTo((int) crc.getValue());
    }

    private byte[] record(long index, long term, boolean internal, int previous, byte[] body) {
        byte[] record = new byte[StoredRecord.HEADER_BYTES + Command.HEADER_BYTES + body.length];
        Command.encodeInto(EntryKind.EVENT, 0, 5, body, 0, body.length, record, StoredRecord.HEADER_BYTES);
        StoredRecord.begin(record, 0, Command.HEADER_BYTES + body.length, index, term, internal);
        StoredRecord.seal(record, 0, previous, crc);
        return record;
    }
}
