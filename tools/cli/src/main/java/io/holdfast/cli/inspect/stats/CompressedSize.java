package io.holdfast.cli.inspect.stats;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Looks at how large a compressed HdrHistogram says it is before the library believes it: the header within (40 bytes behind
 * the cookie and the length, HdrHistogram's AbstractHistogram, V2) names a range, and a range means memory.
 */
final class CompressedSize {
    private static final int OUTER_HEADER_BYTES = 8;
    private static final int INNER_HEADER_BYTES = 40;
    private static final int DIGITS_AT = 12;
    private static final int HIGHEST_AT = 24;
    private static final int MAX_DIGITS = 3;
    private static final long HIGHEST = 1L << 40;

    private CompressedSize() {
    }

    /** Throws when it is no histogram, or one of more than {@code maxBytes}; the buffer's position stays. */
    static void check(ByteBuffer bytes, int maxBytes) throws DataFormatException {
        if (bytes.remaining() < OUTER_HEADER_BYTES || bytes.getInt(bytes.position() + 4) > bytes.remaining() - OUTER_HEADER_BYTES) {
            throw new DataFormatException("not a compressed histogram");
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes.array(), bytes.arrayOffset() + bytes.position() + OUTER_HEADER_BYTES, bytes.remaining() - OUTER_HEADER_BYTES);
            ByteBuffer header = ByteBuffer.allocate(INNER_HEADER_BYTES);
            if (inflater.inflate(header.array()) < INNER_HEADER_BYTES) {
                throw new DataFormatException("no header");
            }
            int payload = header.getInt(4);
            int digits = header.getInt(DIGITS_AT);
            long highest = header.getLong(HIGHEST_AT);
            if (payload < 0 || payload > maxBytes || digits < 0 || digits > MAX_DIGITS || highest < 0 || highest > HIGHEST) {
                throw new DataFormatException("a histogram of another size than ours");
            }
        } finally {
            inflater.end();
        }
    }
}
