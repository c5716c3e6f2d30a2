package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalEntry;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Owned by the thread that reads: a pattern looked for in bytes, each taken as one character; text of the pattern beyond
 * ASCII stands for its bytes in UTF-8.
 */
final class PayloadPattern {
    private final Bytes bytes = new Bytes();
    private final Matcher matcher;

    private PayloadPattern(String pattern) {
        matcher = Pattern.compile(new String(pattern.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1),
                Pattern.DOTALL).matcher(bytes);
    }

    static final class Converter implements ITypeConverter<PayloadPattern> {
        @Override
        public PayloadPattern convert(String text) {
            try {
                return new PayloadPattern(text);
            } catch (PatternSyntaxException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    boolean isIn(JournalEntry entry, PacketView packet) {
        bytes.buffer = entry.buffer();
        bytes.offset = packet.hasAddresses() ? packet.payloadOffset() : entry.bodyOffset();
        bytes.length = packet.hasAddresses() ? packet.payloadLength() : entry.bodyLength();
        return matcher.reset(bytes).find();
    }

    /** Bytes as characters, without a copy. */
    private static final class Bytes implements CharSequence {
        private byte[] buffer = {};
        private int offset;
        private int length;

        @Override
        public int length() {
            return length;
        }

        @Override
        public char charAt(int index) {
            return (char) (buffer[offset + index] & 0xFF);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return toString().substring(start, end);
        }

        @Override
        public String toString() {
            return new String(buffer, offset, length, StandardCharsets.ISO_8859_1);
        }
    }
}
