package io.holdfast.journal;

import java.util.zip.CRC32C;

/**
 * The binary form of a record in the journal: a header of 32 bytes, big-endian, then the command.
 *
 * <pre>
 *  0  u16  magic 0x4846 ("HF")
 *  2  u8   version = 2
 *  3  u8   flags: bit 0 internal, bit 1 another record follows in the document; the others 0
 *  4  u32  length of the command
 *  8  i64  index
 * 16  i64  term
 * 24  u32  chain value of the record before (0 for the first)
 * 28  u32  chain value: CRC32C of bytes 0 to 27 and of the command
 * 32       command
 * </pre>
 *
 * <p>Stateless but for the checksum object the caller brings; any thread.
 */
final class StoredRecord {
    static final int HEADER_BYTES = 32;
    static final int MAGIC = 0x4846;
    static final int VERSION = 2;
    /** Magic and version as they stand in the first three bytes, the first one lowest. */
    static final int MAGIC_BYTES = MAGIC >>> 8 | (MAGIC & 0xFF) << 8 | VERSION << 16;

    private static final int INTERNAL = 1;
    static final int MORE = 2;
    private static final int FLAGS = 3;
    static final int LENGTH = 4;
    static final int INDEX = 8;
    private static final int TERM = 16;
    private static final int PREVIOUS = 24;
    private static final int CHAIN = 28;

    private StoredRecord() {
    }

    /** Writes the header of a record that begins at {@code at}, but for what {@link #seal} adds. */
    static void begin(byte[] bytes, int at, int commandLength, long index, long term, boolean internal) {
        Command.SHORT.set(bytes, at, (short) MAGIC);
        bytes[at + 2] = VERSION;
        bytes[at + FLAGS] = (byte) (internal ? INTERNAL : 0);
        Command.INT.set(bytes, at + LENGTH, commandLength);
        Command.LONG.set(bytes, at + INDEX, index);
        Command.LONG.set(bytes, at + TERM, term);
    }

    /** Another record follows in the same document. */
    static void markMore(byte[] bytes, int at) {
        bytes[at + FLAGS] |= MORE;
    }

    /** Chains the record to the one before it and returns its own chain value. */
    static int seal(byte[] bytes, int at, int previousChain, CRC32C crc) {
        Command.INT.set(bytes, at + PREVIOUS, previousChain);
        int chain = checksum(bytes, at, (int) Command.INT.get(bytes, at + LENGTH), crc);
        Command.INT.set(bytes, at + CHAIN, chain);
        return chain;
    }

    /** Why the first {@code recordLength} bytes are not a whole record, or null when they are one. */
    static String problem(byte[] record, int recordLength, CRC32C crc) {
        if (recordLength < HEADER_BYTES + Command.HEADER_BYTES || recordLength > record.length) {
            return "record of " + recordLength + " bytes is no record";
        }
        if (((short) Command.SHORT.get(record, 0) & 0xFFFF) != MAGIC) {
            return "not a record of this journal (magic 0x" + Integer.toHexString((short) Command.SHORT.get(record, 0) & 0xFFFF) + ")";
        }
        if (record[2] != VERSION) {
            return "record version " + (record[2] & 0xFF) + " is not " + VERSION;
        }
        if ((int) Command.INT.get(record, LENGTH) != recordLength - HEADER_BYTES) {
            return "command length " + ((int) Command.INT.get(record, LENGTH) & 0xFFFFFFFFL) + " in a record of " + recordLength + " bytes";
        }
        int expected = checksum(record, 0, recordLength - HEADER_BYTES, crc);
        if (expected != chain(record)) {
            return "checksum is " + Integer.toHexString(expected) + ", stored is " + Integer.toHexString(chain(record));
        }
        if ((record[FLAGS] & ~(INTERNAL | MORE)) != 0) {
            return "unknown record flags 0x" + Integer.toHexString(record[FLAGS] & 0xFF);
        }
        if (index(record) < 1 || term(record) < 0) {
            return "index " + index(record) + ", term " + term(record);
        }
        return Command.problem(record, HEADER_BYTES, recordLength - HEADER_BYTES);
    }

    static long index(byte[] record) {
        return (long) Command.LONG.get(record, INDEX);
    }

    static long term(byte[] record) {
        return (long) Command.LONG.get(record, TERM);
    }

    /** Of the record that begins at {@code at}. */
    static long term(byte[] bytes, int at) {
        return (long) Command.LONG.get(bytes, at + TERM);
    }

    /** Of the record that begins at {@code at}, with its header. */
    static int length(byte[] bytes, int at) {
        return HEADER_BYTES + (int) Command.INT.get(bytes, at + LENGTH);
    }

    static boolean internal(byte[] record) {
        return (record[FLAGS] & INTERNAL) != 0;
    }

    /** Whether another record follows in the same document. */
    static boolean more(byte[] record) {
        return (record[FLAGS] & MORE) != 0;
    }

    static int previousChain(byte[] record) {
        return (int) Command.INT.get(record, PREVIOUS);
    }

    static int chain(byte[] record) {
        return (int) Command.INT.get(record, CHAIN);
    }

    private static int checksum(byte[] bytes, int at, int commandLength, CRC32C crc) {
        crc.reset();
        crc.update(bytes, at, CHAIN);
        crc.update(bytes, at + HEADER_BYTES, commandLength);
        return (int) crc.getValue();
    }
}
