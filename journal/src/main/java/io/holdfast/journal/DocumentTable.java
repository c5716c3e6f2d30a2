package io.holdfast.journal;

import java.nio.charset.StandardCharsets;

/**
 * Owned by the thread of its reader: Chronicle's own table of where documents of a cycle file start.
 *
 * <p>{@code index2Index} in the header of the file leads to a page of positions of index pages, and each of those holds
 * the position of every n-th data document (Chronicle Queue, {@code SCQIndexing}). The tables are no part of what is
 * acknowledged and may be damaged: what does not lead to a document with a record is not given out, and whoever uses it
 * compares indices.
 */
final class DocumentTable {
    private static final int HEADER_BYTES = 256;

    private final CycleFile file;
    private int slots;
    private int spacing;
    private long pages;

    DocumentTable(CycleFile file) {
        this.file = file;
    }

    /** How many documents one slot stands for; 0 when there are no tables to be used. */
    int spacing() {
        if (spacing == 0) {
            readHeader();
        }
        return spacing;
    }

    private void readHeader() {
        if (file.header(0) == 0) {
            return;
        }
        byte[] header = new byte[HEADER_BYTES];
        for (int i = 0; i < HEADER_BYTES; i++) {
            header[i] = (byte) (file.word(i & -Long.BYTES) >>> 8 * (i & 7));
        }
        long count = number(header, "indexCount");
        long every = number(header, "indexSpacing");
        long at = number(header, "index2Index");
        if (count >= 8 && count <= 1 << 16 && every > 0 && every <= 1 << 16 && at > 0) {
            slots = (int) count;
            long values = values(at);
            if (values > 0) {
                pages = values;
                spacing = (int) every;
            }
        }
    }

    /** The number behind a name of Chronicle's binary wire, -1 when it is not there. */
    private static long number(byte[] header, String name) {
        String text = new String(header, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(name);
        if (at < 0) {
            return -1;
        }
        at += name.length();
        while (at < header.length && (header[at] & 0xFF) == 0x8F) {
            at++;
        }
        int bytes = at >= header.length ? 0 : switch (header[at] & 0xFF) {
            case 0xA1 -> 1;
            case 0xA5 -> 2;
            case 0xA6 -> 4;
            case 0xA7 -> 8;
            default -> 0;
        };
        if (bytes == 0 || at + bytes >= header.length) {
            return -1;
        }
        long value = 0;
        for (int i = bytes; i > 0; i--) {
            value = value << 8 | header[at + i] & 0xFF;
        }
        return value;
    }

    /** Where document {@code slot * spacing()} starts, 0 when the tables do not say so believably. */
    long position(long slot) {
        if (spacing() == 0 || slot >= (long) slots * slots) {
            return 0;
        }
        long page = values(file.word(pages + slot / slots * Long.BYTES));
        long position = page < 0 ? 0 : file.word(page + slot % slots * Long.BYTES);
        return position > 0 && (position & 3) == 0 && holdsRecord(position) ? position : 0;
    }

    /** Where the numbers of the table document at this position start, -1 when there is none. */
    private long values(long position) {
        if (position <= 0 || (position & 3) != 0) {
            return -1;
        }
        int header = file.header(position);
        int length = header & CycleFile.LENGTH_MASK;
        boolean table = (header & ~CycleFile.LENGTH_MASK) == CycleFile.METADATA && length > slots * Long.BYTES
                && length < slots * Long.BYTES + 64;
        return table ? position + CycleFile.HEADER_BYTES + length - (long) slots * Long.BYTES : -1;
    }

    private boolean holdsRecord(long position) {
        int header = file.header(position);
        return header > 0 && (header & CycleFile.METADATA) == 0 && header <= CycleFile.MAX_RECORD_BYTES
                && file.map(position, CycleFile.HEADER_BYTES + header)
                && (file.word(position + CycleFile.HEADER_BYTES) & 0xFFFFFF) == StoredRecord.MAGIC_BYTES;
    }
}
