package io.holdfast.cli.inspect.connections;

import io.holdfast.cli.inspect.HexDump;
import io.holdfast.cli.inspect.Lines;

/** Owned by the thread that prints: a stream as rows of sixteen bytes, whatever pieces it comes in. */
final class HexRows implements InboundStream.Sink {
    private final Lines lines;
    private final byte[] row = new byte[16];
    private int filled;
    private long at;

    HexRows(Lines lines) {
        this.lines = lines;
    }

    @Override
    public void bytes(byte[] buffer, int offset, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(row.length - filled, length - done);
            System.arraycopy(buffer, offset + done, row, filled, part);
            filled += part;
            done += part;
            if (filled == row.length) {
                print();
            }
        }
    }

    private void print() {
        HexDump.print(row, 0, filled, at, lines);
        at += filled;
        filled = 0;
    }

    /** Prints what is left. */
    void end() {
        if (filled > 0) {
            print();
        }
        lines.flush();
    }
}
