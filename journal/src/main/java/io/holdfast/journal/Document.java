package io.holdfast.journal;

import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Owned by the writer's thread: records on their way into one document of the queue.
 *
 * <p>A document costs the same whatever it holds, so entries that come together go into one. Behind a record stand zeros up
 * to the next multiple of four, four zero bytes more, and the next record, so that none but the first looks as if it had a
 * document header.
 */
final class Document {
    /** Small enough to stay in the processor's nearer caches until it is copied into the file. */
    private static final int FULL_BYTES = 64 << 10;

    private final CRC32C crc = new CRC32C();
    private byte[] bytes = new byte[4096];
    private int lastRecord;
    private int length;
    /** Of the record before the last one. */
    private int chain;

    /** Empty, behind the record of this chain value. */
    void begin(int previousChain) {
        chain = previousChain;
        length = 0;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /** Whether a command of so many bytes is better put into the next one. */
    boolean isFullFor(int commandBytes) {
        return length > 0 && length + StoredRecord.HEADER_BYTES + commandBytes > FULL_BYTES;
    }

    void add(long index, long term, boolean internal, byte[] command, int offset, int commandLength) {
        int at = 0;
        if (length > 0) {
            StoredRecord.markMore(bytes, lastRecord);
            chain = StoredRecord.seal(bytes, lastRecord, chain, crc);
            at = (int) RecordWalk.afterGap(length);
        }
        int end = at + StoredRecord.HEADER_BYTES + commandLength;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
        }
        Arrays.fill(bytes, length, at, (byte) 0);
        StoredRecord.begin(bytes, at, commandLength, index, term, internal);
        System.arraycopy(command, offset, bytes, at + StoredRecord.HEADER_BYTES, commandLength);
        lastRecord = at;
        length = end;
    }

    /** Nothing more comes; returns the chain value of the last record. */
    int seal() {
        return StoredRecord.seal(bytes, lastRecord, chain, crc);
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Puts its entries into the index. */
    void index(EntryIndex index, long place) {
        for (int at = 0; at < length; ) {
            int record = StoredRecord.length(bytes, at);
            index.append(StoredRecord.term(bytes, at), place + at, record);
            at = (int) RecordWalk.afterGap(at + record);
        }
    }
}
