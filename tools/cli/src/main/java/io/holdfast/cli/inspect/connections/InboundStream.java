package io.holdfast.cli.inspect.connections;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Owned by the thread that reads: one client's bytes in order, as the Linux stack hands them to the server.
 *
 * <p>Where segments overlap, the kernel's rules decide which bytes count (net/ipv4/tcp_input.c): what is in order already
 * stays ({@code tcp_data_queue}); a segment in order wins over what waits behind it; of two that wait the one that starts
 * first wins, a segment that lies within another is dropped, one that starts with another and reaches further replaces it,
 * and one that covers those behind it replaces them ({@code tcp_data_queue_ofo}, {@code tcp_ofo_queue}). Segments that
 * touch become one ({@code tcp_ooo_try_coalesce}); the kernel sometimes joins a segment so before it sees another that
 * overlaps it, as the shape of its tree will have it, which is not followed here.
 *
 * <p>Two copies of one byte that differ are counted as conflicts: where there are none, the server read these bytes.
 */
final class InboundStream {
    /** Is given the bytes, each once and in order; valid during the call. */
    interface Sink {
        void bytes(byte[] buffer, int offset, int length);
    }

    /** A stretch that waits for what is before it; {@code bytes} is null when nobody asked for them. */
    private static final class Waiting {
        private final long start;
        private long end;
        private byte[] bytes;

        Waiting(long start, long end, byte[] bytes) {
            this.start = start;
            this.end = end;
            this.bytes = bytes;
        }
    }

    /** A stretch that others joined stops growing here, as the kernel's do. */
    private static final int MAX_JOINED_BYTES = 64 << 10;

    private final WaitingRoom room;
    private final Sink sink;
    private final TreeMap<Long, Waiting> waiting = new TreeMap<>();
    private int nextSequence;
    private long next;
    private long finAt = -1;
    private long repeatedBytes;
    private long conflictingBytes;
    private long droppedSegments;

    /**
     * @param firstSequence of the first byte
     * @param sink          null when the bytes themselves are of no interest
     */
    InboundStream(int firstSequence, WaitingRoom room, Sink sink) {
        this.nextSequence = firstSequence;
        this.room = room;
        this.sink = sink;
    }

    /** Where in the stream this sequence number is: 0 the first byte; numbers wrap, the stream does not. */
    long offsetOf(int sequence) {
        return next + (sequence - nextSequence);
    }

    /** How many bytes are in order. */
    long lengthBytes() {
        return next;
    }

    /** Whether the client has ended its side, and all before that is there. */
    boolean isEnded() {
        return finAt >= 0 && next >= finAt;
    }

    /** Bytes that came again. */
    long repeatedBytes() {
        return repeatedBytes;
    }

    /** Bytes that came again and were others. */
    long conflictingBytes() {
        return conflictingBytes;
    }

    /** Out-of-order segments there was no room for. */
    long droppedSegments() {
        return droppedSegments;
    }

    /** Bytes behind a gap. */
    long waitingBytes() {
        return waiting.values().stream().mapToLong(w -> w.end - Math.max(w.start, next)).filter(n -> n > 0).sum();
    }

    void add(int sequence, byte[] buffer, int offset, int length, boolean fin) {
        long start = offsetOf(sequence);
        long end = start + length;
        if (finAt >= 0 && end > finAt) {
            end = Math.max(start, finAt); // nothing follows the end
        }
        if (fin && finAt < 0 && end >= next) {
            finAt = end;
        }
        if (end <= next) {
            repeatedBytes += Math.max(0, end - start);
            return;
        }
        if (start > next) {
            if (end > start) {
                wait(start, end, buffer, offset);
            }
            return;
        }
        repeatedBytes += next - start;
        for (Waiting behind : waiting.headMap(end).values()) {
            compare(behind, next, end, buffer, offset + (int) (next - start));
        }
        deliver(buffer, offset + (int) (next - start), (int) (end - next));
        takeWaiting();
    }

    private void deliver(byte[] buffer, int offset, int length) {
        if (sink != null) {
            sink.bytes(buffer, offset, length);
        }
        next += length;
        nextSequence += length;
    }

    private void takeWaiting() {
        while (!waiting.isEmpty() && waiting.firstKey() <= next) {
            Waiting first = waiting.pollFirstEntry().getValue();
            room.leave(first.end - first.start);
            if (first.end <= next) {
                repeatedBytes += first.end - first.start;
                continue;
            }
            int skipped = (int) (next - first.start);
            repeatedBytes += skipped;
            if (sink == null) {
                next += first.end - first.start - skipped;
                nextSequence += (int) (first.end - first.start - skipped);
            } else {
                deliver(first.bytes, skipped, (int) (first.end - first.start) - skipped);
            }
        }
    }

    private void wait(long start, long end, byte[] buffer, int offset) {
        Map.Entry<Long, Waiting> below = waiting.floorEntry(start);
        Waiting before = below == null ? null : below.getValue();
        if (before != null && start < before.end) {
            compare(before, start, end, buffer, offset);
            if (end <= before.end) {
                repeatedBytes += end - start;
                return;
            }
            if (start == before.start) {
                remove(before);
            }
        } else if (before != null && start == before.end && join(before, end, buffer, offset)) {
            return;
        }
        insert(start, end, buffer, offset);
    }

    private boolean join(Waiting before, long end, byte[] buffer, int offset) {
        if (end - before.start > MAX_JOINED_BYTES || !room.enter(end - before.end)) {
            return false;
        }
        room.leave(0); // the bytes stay, the segment is not one more
        if (sink != null) {
            int known = (int) (before.end - before.start);
            before.bytes = Arrays.copyOf(before.bytes, (int) (end - before.start));
            System.arraycopy(buffer, offset, before.bytes, known, (int) (end - before.end));
        }
        before.end = end;
        return true;
    }

    private void insert(long start, long end, byte[] buffer, int offset) {
        if (!room.enter(end - start)) {
            droppedSegments++;
            return;
        }
        Map.Entry<Long, Waiting> behind = waiting.higherEntry(start);
        while (behind != null && behind.getValue().start < end) {
            Waiting covered = behind.getValue();
            compare(covered, start, end, buffer, offset);
            if (end < covered.end) {
                break;
            }
            remove(covered);
            behind = waiting.higherEntry(start);
        }
        waiting.put(start, new Waiting(start, end, sink == null ? null : Arrays.copyOfRange(buffer, offset, offset + (int) (end - start))));
    }

    private void remove(Waiting covered) {
        waiting.remove(covered.start);
        room.leave(covered.end - covered.start);
        repeatedBytes += covered.end - covered.start;
    }

    /** Counts where the bytes from {@code start} to {@code end}, the first of them at {@code offset}, are others than those known. */
    private void compare(Waiting known, long start, long end, byte[] buffer, int offset) {
        if (sink == null) {
            return;
        }
        long last = Math.min(end, known.end);
        for (long at = Math.max(start, known.start); at < last; at++) {
            if (known.bytes[(int) (at - known.start)] != buffer[offset + (int) (at - start)]) {
                conflictingBytes++;
            }
        }
    }

    /** What waits will never be complete. */
    void drop() {
        waiting.values().forEach(each -> room.leave(each.end - each.start));
        waiting.clear();
    }
}
