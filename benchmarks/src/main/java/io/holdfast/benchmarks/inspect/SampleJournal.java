package io.holdfast.benchmarks.inspect;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.wire.DocumentContext;

/** Stateless: a journal such as a busy Redis leaves, and Chronicle's own way of reading it. */
final class SampleJournal {
    private static final int CONNECTIONS = 50;
    private static final int PAYLOAD_BYTES = 40;
    private static final long FIRST_EPOCH_NANOS = 1_760_000_000_000_000_000L;

    private SampleJournal() {
    }

    static Path write(Path dir, int entries) {
        try (Journal journal = Journal.open(dir, JournalOptions.DEFAULT)) {
            byte[] opening = Command.encode(EntryKind.TERM_START, 0, FIRST_EPOCH_NANOS, new byte[0]);
            journal.append(1, false, opening, 0, opening.length);
            int[] sent = new int[CONNECTIONS];
            for (int i = 1; i < entries; i++) {
                int connection = i % CONNECTIONS;
                boolean payload = i / CONNECTIONS % 2 == 0;
                byte[] packet = segment(40_000 + connection, sent[connection], payload ? PAYLOAD_BYTES : 0);
                sent[connection] += payload ? PAYLOAD_BYTES : 0;
                byte[] command = Command.encode(EntryKind.PACKET, payload ? 0 : Command.PURE_ACK, FIRST_EPOCH_NANOS + i * 20_000L, packet);
                journal.append(1, false, command, 0, command.length);
            }
            journal.commitIndex(journal.lastIndex());
            return dir;
        }
    }

    private static byte[] segment(int port, int sequence, int payloadBytes) {
        int length = 40 + payloadBytes;
        return ByteBuffer.allocate(length).put((byte) 0x45).put((byte) 0).putShort((short) length).putInt(0).put((byte) 64).put((byte) 6)
                .putShort((short) 0).putInt(0x0A000007).putInt(0x0A000064).putShort((short) port).putShort((short) 6379).putInt(sequence)
                .putInt(1).put((byte) 0x50).put((byte) 0x18).putShort((short) 512).putInt(0).array();
    }

    /** The bytes of every document after the first {@code skipped}, once; returns how many were read. */
    static int readByTailer(Path dir, int skipped, int entries) {
        Bytes<?> bytes = Bytes.allocateElasticOnHeap(4096);
        try (ChronicleQueue queue = ChronicleQueue.singleBuilder(dir).readOnly(true).rollCycle(RollCycles.FIVE_MINUTELY).build();
             ExcerptTailer tailer = queue.createTailer()) {
            // A document an entry, all in one cycle's file or nearly so: the tailer goes there by the file's own index.
            if (skipped > 0 && !tailer.moveToIndex(tailer.toStart().index() + skipped)) {
                throw new IllegalStateException("Chronicle's reader cannot go to document " + skipped);
            }
            int read = 0;
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) {
                        break;
                    }
                    bytes.clear();
                    document.wire().bytes().readWithLength(document.wire().bytes().readRemaining(), bytes);
                    read++;
                }
            }
            if (read == 0 || read > entries) {
                throw new IllegalStateException("Chronicle's reader found " + read + " documents of " + entries);
            }
            return read;
        }
    }
}
