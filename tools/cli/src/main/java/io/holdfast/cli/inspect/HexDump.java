package io.holdfast.cli.inspect;

/** Bytes as {@code hexdump -C} shows them. Stateless. */
public final class HexDump {
    private static final String DIGITS = "0123456789abcdef";
    private static final int ROW = 16;

    private HexDump() {
    }

    /** @param at number of the first byte, shown at the left */
    public static void print(byte[] bytes, int offset, int length, long at, Lines to) {
        for (int row = 0; row < length; row += ROW) {
            int count = Math.min(ROW, length - row);
            for (int shift = 28; shift >= 0; shift -= 4) {
                to.add(DIGITS.charAt((int) (at + row >>> shift) & 0xF));
            }
            to.add(' ');
            for (int i = 0; i < ROW; i++) {
                to.add(i % 8 == 0 ? "  " : " ");
                int value = i < count ? bytes[offset + row + i] & 0xFF : -1;
                to.add(value < 0 ? ' ' : DIGITS.charAt(value >>> 4)).add(value < 0 ? ' ' : DIGITS.charAt(value & 0xF));
            }
            to.add("  |");
            for (int i = 0; i < count; i++) {
                int value = bytes[offset + row + i];
                to.add(value >= ' ' && value < 0x7F ? (char) value : '.');
            }
            to.add('|').end();
        }
    }
}
