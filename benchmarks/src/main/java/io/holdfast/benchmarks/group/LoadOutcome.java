package io.holdfast.benchmarks.group;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** How many entries were committed in which time, and how long each took, in nanoseconds. */
record LoadOutcome(long committed, long nanos, Histogram latency) {

    String text() {
        ByteBuffer buffer = ByteBuffer.allocate(latency.getNeededByteBufferCapacity());
        int length = latency.encodeIntoCompressedByteBuffer(buffer);
        return committed + " " + nanos + " " + Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
    }

    static LoadOutcome parse(String[] words, int from) {
        try {
            Histogram latency = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(Base64.getDecoder().decode(words[from + 2])), 0);
            return new LoadOutcome(Long.parseLong(words[from]), Long.parseLong(words[from + 1]), latency);
        } catch (DataFormatException e) {
            throw new IllegalStateException("a member sent no histogram", e);
        }
    }

    double perSecond() {
        return committed * 1e9 / nanos;
    }
}
