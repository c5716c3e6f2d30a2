package io.holdfast.cli.inspect;

import java.io.PrintWriter;

/**
 * Owned by the thread that prints: lines of text, gathered in one buffer so that a million of them cost no object each.
 *
 * <p>When whoever reads has gone away (a broken pipe), {@link #isBroken} says so after the next flush; nothing is thrown.
 */
public final class Lines {
    private static final int FLUSH_CHARS = 32 << 10;

    private final PrintWriter out;
    private char[] buffer = new char[FLUSH_CHARS * 2];
    private int length;
    private int lineStart;
    private boolean broken;

    public Lines(PrintWriter out) {
        this.out = out;
    }

    public Lines add(char c) {
        room(1);
        buffer[length++] = c;
        return this;
    }

    public Lines add(String text) {
        room(text.length());
        text.getChars(0, text.length(), buffer, length);
        length += text.length();
        return this;
    }

    public Lines add(char[] chars, int count) {
        room(count);
        System.arraycopy(chars, 0, buffer, length, count);
        length += count;
        return this;
    }

    public Lines add(long number) {
        if (number < 0) {
            return add(Long.toString(number));
        }
        int digits = digits(number);
        room(digits);
        long rest = number;
        for (int i = length + digits - 1; i >= length; i--) {
            buffer[i] = (char) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Right-aligned. */
    public Lines add(long number, int width) {
        for (int i = number < 0 ? width : digits(number); i < width; i++) {
            add(' ');
        }
        return add(number);
    }

    /** An IPv4 address, first octet in the highest byte. */
    public Lines address(int address) {
        return add(address >>> 24).add('.').add(address >>> 16 & 0xFF).add('.').add(address >>> 8 & 0xFF).add('.')
                .add(address & 0xFF);
    }

    /** Blanks up to this column of the line, at least one. */
    public Lines column(int column) {
        do {
            add(' ');
        } while (length - lineStart < column);
        return this;
    }

    public void end() {
        add('\n');
        lineStart = length;
        if (length >= FLUSH_CHARS) {
            write();
        }
    }

    /** Hands over what is gathered. */
    public void flush() {
        write();
        broken |= out.checkError();
    }

    private void write() {
        out.write(buffer, 0, length);
        length = 0;
        lineStart = 0;
        broken |= out.checkError();
    }

    /** Whether nobody reads any more. */
    public boolean isBroken() {
        return broken;
    }

    private void room(int more) {
        if (length + more > buffer.length) {
            buffer = java.util.Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
        }
    }

    private static int digits(long number) {
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }
}
