package io.holdfast.journal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.wire.DocumentContext;

/** Appended to by one thread, read by any: the log of the group on a Chronicle Queue. */
public final class Journal implements AutoCloseable {
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final List<byte[]> records = new ArrayList<>();
    private final CRC32C crc = new CRC32C();
    private int chain;
    private long commitIndex;
    private Throwable failure;

    private Journal(ChronicleQueue queue) {
        this.queue = queue;
        this.appender = queue.createAppender();
    }

    public static Journal open(Path dir, JournalOptions options) {
        Journal journal = new Journal(ChronicleQueue.singleBuilder(dir).rollCycle(RollCycles.FAST_HOURLY)
                .blockSize(options.blockBytes()).build());
        journal.recover();
        return journal;
    }

    private void recover() {
        try (ExcerptTailer tailer = queue.createTailer()) {
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) {
                        return;
                    }
                    Bytes<?> bytes = document.wire().bytes();
                    byte[] record = new byte[(int) bytes.readRemaining()];
                    bytes.read(record);
                    accept(record);
                }
            }
        }
    }

    private void accept(byte[] record) {
        chain = StoredRecord.chain(record);
        if (Command.kind(record, StoredRecord.HEADER_BYTES) == EntryKind.TAIL_CUT) {
            records.subList((int) StoredRecord.index(record) - 1, records.size()).clear();
        } else {
            records.add(record);
        }
    }

    public synchronized long firstIndex() {
        return records.isEmpty() ? 0 : 1;
    }

    public synchronized long lastIndex() {
        return records.size();
    }

    public synchronized long lastTerm() {
        return termAt(lastIndex());
    }

    public synchronized long termAt(long index) {
        return index < 1 || index > records.size() ? 0 : StoredRecord.term(records.get((int) index - 1));
    }

    public synchronized long append(long term, boolean internal, byte[] buffer, int offset, int length) {
        long index = records.size() + 1;
        write(index, term, internal, buffer, offset, length);
        return index;
    }

    public synchronized void cutTail(long fromIndex) {
        byte[] command = Command.encode(EntryKind.TAIL_CUT, 0, 0, new byte[8]);
        Command.LONG.set(command, Command.HEADER_BYTES, lastIndex());
        write(fromIndex, lastTerm(), true, command, 0, command.length);
    }

    private void write(long index, long term, boolean internal, byte[] buffer, int offset, int length) {
        if (failure != null) {
            throw new JournalException("the journal failed before", failure);
        }
        byte[] record = new byte[StoredRecord.HEADER_BYTES + length];
        System.arraycopy(buffer, offset, record, StoredRecord.HEADER_BYTES, length);
        StoredRecord.seal(record, length, index, term, internal, chain, crc);
        try (DocumentContext document = appender.writingDocument()) {
            document.wire().bytes().write(record);
        }
        accept(record);
    }

    public synchronized boolean read(long index, JournalEntry into) {
        if (index < 1 || index > records.size()) {
            return false;
        }
        byte[] record = records.get((int) index - 1);
        System.arraycopy(record, 0, into.bufferFor(record.length), 0, record.length);
        into.filled(record.length);
        return true;
    }

    public synchronized void sync() {
        appender.sync();
    }

    public synchronized long commitIndex() {
        return commitIndex;
    }

    public synchronized void commitIndex(long index) {
        commitIndex = index;
    }

    public synchronized void failed(Throwable cause) {
        failure = cause;
    }

    public synchronized boolean isFailed() {
        return failure != null;
    }

    @Override
    public synchronized void close() {
        appender.close();
        queue.close();
    }
}
