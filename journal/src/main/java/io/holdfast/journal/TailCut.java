package io.holdfast.journal;

/**
 * The record that says a tail was cut: its index is the first entry dropped, its body the last one, its term that of the
 * entry dropped last. The dropped entries stay in the file for an auditor. Stateless; any thread.
 */
final class TailCut {
    private static final int COMMAND_BYTES = Command.HEADER_BYTES + Long.BYTES;

    private TailCut() {
    }

    static byte[] command(long droppedThrough) {
        byte[] command = new byte[COMMAND_BYTES];
        Command.encodeHeader(EntryKind.TAIL_CUT, 0, Command.nowNanos(), command, 0);
        Command.LONG.set(command, Command.HEADER_BYTES, droppedThrough);
        return command;
    }

    static long droppedThrough(JournalEntry record) {
        return (long) Command.LONG.get(record.buffer(), record.bodyOffset());
    }

    /** Why this is no cut of a log that ends at {@code lastIndex}, or null. */
    static String problem(JournalEntry record, long lastIndex) {
        if (record.commandLength() != COMMAND_BYTES) {
            return "a cut of " + record.commandLength() + " bytes";
        }
        if (record.index() > lastIndex || droppedThrough(record) != lastIndex) {
            return "a cut of entries " + record.index() + " to " + droppedThrough(record) + " where the last is " + lastIndex;
        }
        return null;
    }
}
