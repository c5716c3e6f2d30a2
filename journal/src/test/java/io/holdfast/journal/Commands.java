package io.holdfast.journal;

import java.nio.ByteBuffer;
import java.util.Random;

/** Commands whose content follows from a number, so that a test can tell whether an entry is whole. */
final class Commands {
    private Commands() {
    }

    /** A packet of 0 to 1,499 bytes, the length too following from the number. */
    static byte[] numbered(long number) {
        Random random = new Random(number);
        byte[] body = new byte[8 + random.nextInt(1492)];
        random.nextBytes(body);
        ByteBuffer.wrap(body).putLong(number);
        return Command.encode(EntryKind.PACKET, 0, number, body);
    }

    /** The last entry that was acknowledged, and why the next one was not. */
    record Stopped(long acknowledged, JournalException why) {
    }

    /** Appends one by one behind this entry, in term 1, as long as the journal takes any. */
    static Stopped appendUntilItStops(Journal journal, long last) {
        long acknowledged = last;
        while (true) {
            try {
                acknowledged = append(journal, 1, acknowledged + 1);
            } catch (JournalException e) {
                return new Stopped(acknowledged, e);
            }
        }
    }

    static long append(Journal journal, long term, long number) {
        byte[] command = numbered(number);
        return journal.append(term, false, command, 0, command.length);
    }

    /** So many at once. */
    static long append(Journal journal, long term, long firstNumber, int count) {
        return journal.append(new Numbered(term, firstNumber, count));
    }

    /** Owned by the thread that appends: entries of one term, numbered one after the other. */
    private static final class Numbered implements EntrySource {
        private final long term;
        private final long end;
        private long number;
        private byte[] command;

        Numbered(long term, long firstNumber, int count) {
            this.term = term;
            this.number = firstNumber;
            this.end = firstNumber + count;
        }

        @Override
        public boolean next() {
            if (number == end) {
                return false;
            }
            if (command != null) {
                java.util.Arrays.fill(command, (byte) -1); // nobody may look at it any more
            }
            command = numbered(number++);
            return true;
        }

        @Override
        public long term() {
            return term;
        }

        @Override
        public boolean internal() {
            return false;
        }

        @Override
        public byte[] buffer() {
            return command;
        }

        @Override
        public int offset() {
            return 0;
        }

        @Override
        public int length() {
            return command.length;
        }
    }

    static boolean isNumbered(JournalEntry entry, long number) {
        byte[] expected = numbered(number);
        return java.util.Arrays.equals(expected, 0, expected.length, entry.buffer(), entry.commandOffset(),
                entry.commandOffset() + entry.commandLength());
    }
}
