package io.holdfast.cli.inspect.stats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.inspect.EntryFilter;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.TreeMap;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/**
 * Owned by the thread that reads, used once: packets and the gate's histograms, by windows of time. A histogram belongs to the
 * window in which its entry was written.
 */
final class GateReading {
    /** A hostile clock may date entries anywhere: more windows than these are not opened. */
    private static final int MAX_WINDOWS = 10_000;
    private static final int MAX_HISTOGRAM_CHARS = 1 << 20;
    private static final int MAX_UNPACKED_BUCKETS_BYTES = 8 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final long windowNanos;
    private final TreeMap<Long, Window> windows = new TreeMap<>();
    private final Window all;
    private long statistics;
    private long unreadable;
    private long outside;

    /** @param spanNanos of the whole stretch */
    GateReading(long firstEpochNanos, long spanNanos, long windowNanos) {
        this.windowNanos = windowNanos;
        all = new Window(firstEpochNanos, Math.max(1, spanNanos));
    }

    void read(JournalReader reader, EntryFilter filter, Progress progress) {
        JournalEntry entry = new JournalEntry();
        PacketView packet = new PacketView();
        EntryCursor cursor = reader.forward(filter.first());
        while (cursor.next(entry) && entry.index() <= filter.last()) {
            progress.step();
            Window window = window(entry.epochNanos());
            if (entry.kind() == EntryKind.STATISTICS && !entry.internal()) {
                statistics(entry, window);
            } else if (entry.kind() != EntryKind.PACKET) {
                count(window, -1);
            } else {
                packet.view(entry);
                if (filter.matches(entry, packet)) {
                    count(window, entry.bodyLength());
                }
            }
        }
    }

    private void count(Window window, int packetBytes) {
        all.entry();
        if (packetBytes >= 0) {
            all.packet(packetBytes);
        }
        if (window != null) {
            window.entry();
            if (packetBytes >= 0) {
                window.packet(packetBytes);
            }
        }
    }

    private Window window(long epochNanos) {
        long start = Math.floorDiv(epochNanos, windowNanos) * windowNanos;
        Window found = windows.get(start);
        if (found == null && windows.size() == MAX_WINDOWS) {
            outside++;
            return null;
        }
        return found != null ? found : windows.computeIfAbsent(start, at -> new Window(at, windowNanos));
    }

    private void statistics(JournalEntry entry, Window window) {
        count(window, -1);
        try {
            JsonNode body = JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
            Histogram toCommit = histogram(body, "captureToCommit");
            Histogram toRelease = histogram(body, "commitToRelease");
            Histogram together = histogram(body, "releasedTogether");
            all.add(toCommit, toRelease, together);
            if (window != null) {
                window.add(toCommit, toRelease, together);
            }
            statistics++;
        } catch (IOException | DataFormatException | RuntimeException e) {
            unreadable++; // what HdrHistogram throws at bytes that are none is anything
        }
    }

    private static Histogram histogram(JsonNode body, String member) throws DataFormatException {
        String text = body.path(member).asText();
        if (text.length() > MAX_HISTOGRAM_CHARS) {
            throw new DataFormatException("too long");
        }
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(text));
        CompressedSize.check(bytes, MAX_UNPACKED_BUCKETS_BYTES);
        return Histogram.decodeFromCompressedByteBuffer(bytes, 1);
    }

    /** In the order of time. */
    Iterable<Window> windows() {
        return windows.values();
    }

    Window all() {
        return all;
    }

    /** Entries of kind STATISTICS that could be read. */
    long statistics() {
        return statistics;
    }

    long unreadable() {
        return unreadable;
    }

    /** Entries that belong to windows beyond those kept. */
    long outside() {
        return outside;
    }
}
