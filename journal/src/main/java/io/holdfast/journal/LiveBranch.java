package io.holdfast.journal;

import java.util.Arrays;

/**
 * Owned by the thread of its reader: where the entries of the live branch stand, known by few marks, so that opening a
 * journal looks at one record in thousands. Between two marks Chronicle's table is searched when an entry is read.
 *
 * <p>Where may a cut hide? Two logs that hold the same entry (index and term) are the same up to it (Raft, log matching).
 * So once an entry of term T has been cut, no entry of T follows: between two records of the same term only entries of
 * other terms were cut, all of them behind the first of the two. A stretch whose ends have the same term is therefore
 * marked by its first record alone, and what was cut in it is noticed when it is read; any other is walked at once.
 */
final class LiveBranch {
    private static final int WALKED_DOCUMENTS = 256;
    /** What a stretch takes on the disk, more or less; and what is read ahead where entries are wanted in order. */
    private static final long STRETCH_BYTES = 256L << 10;
    private static final long IN_ORDER_BYTES = 8L << 20;

    private final CycleFiles files;
    private final JournalEntry probe = new JournalEntry();
    /** First index of each stretch of the live branch, rising; and the place of its document. */
    private long[] indices = new long[64];
    private long[] places = new long[64];
    /** The slots of Chronicle's table between a mark and the next, from one up to before another; equal for none. */
    private long[] firstSlots = new long[64];
    private long[] endSlots = new long[64];
    private int marks;
    private long floor;
    private long last;
    private long term;
    private long lowestCut;
    /** False until something says what stands before the first record. */
    private boolean begun;
    private int ordinal;
    private DocumentTable table;
    /** A stretch ends with its file, and behind a cut: the next entry begins one, wherever in its document it stands. */
    private boolean unmarked;
    private long slot;
    private RecordCursor tail;
    private final Stretch recent = new Stretch(false);

    /** @param start what stands before the first file; null in an archive, whose first record says it itself */
    LiveBranch(CycleFiles files, FileStart start) {
        this.files = files;
        if (start != null) {
            last = start.index();
            floor = last;
            term = start.term();
            begun = true;
        }
    }

    long first() {
        return last <= floor ? 0 : floor + 1;
    }

    long last() {
        return Math.max(last, floor);
    }

    long floor() {
        return floor;
    }

    void raiseFloor(long to) {
        floor = Math.max(floor, to);
    }

    boolean holds(long index) {
        return index > floor && index <= last;
    }

    /** The lowest entry dropped by a cut since {@link #forgetCuts}, {@link Long#MAX_VALUE} without one. */
    long lowestCut() {
        return lowestCut;
    }

    void forgetCuts() {
        lowestCut = Long.MAX_VALUE;
    }

    /** The file the reading has come to, -1 before the first. */
    int cycle() {
        return ordinal < files.count() ? files.get(ordinal).cycle() : -1;
    }

    /** Takes up what was appended since; true when there was anything. */
    boolean refresh() {
        boolean any = false;
        while (true) {
            boolean newest = ordinal >= files.count() - 1;
            if (ordinal < files.count()) {
                any |= takeFile(files.get(ordinal));
                if (!newest) {
                    ordinal++;
                    tail = null;
                    continue;
                }
            }
            if (!files.refresh()) {
                return any;
            }
        }
    }

    private boolean takeFile(CycleFile file) {
        if (tail == null) {
            file.isSearched();
            tail = new RecordCursor(file, 0);
            unmarked = true;
            table = new DocumentTable(file);
            slot = 0;
        }
        boolean any = false;
        int documents = 0;
        while (tail.next(probe)) {
            any = true;
            boolean mark = marks == 0 || unmarked;
            if (tail.isFirstOfDocument()) {
                file.readAhead(tail.document(), STRETCH_BYTES);
                mark |= documents++ % WALKED_DOCUMENTS == 0;
            }
            accept(file, mark);
            if (mark && marks > 0 && places[marks - 1] == CycleFiles.place(ordinal, tail.document())) {
                leap(file);
            }
        }
        return any;
    }

    /**
     * From a document that has a mark on to the last one for which the table says that nothing has to be seen on the way, by
     * strides that grow until one goes too far. What lies between is found by the table when it is read.
     */
    private void leap(CycleFile file) {
        if (table.spacing() == 0) {
            return;
        }
        long from = tail.document();
        long behind = table.position(slot + 1);
        while (behind > 0 && behind <= from) {
            slot++;
            behind = table.position(slot + 1);
        }
        boolean grows = true;
        for (long stride = 1; stride > 0; stride = grows ? stride * 2 : stride / 2) {
            long document = table.position(slot + stride);
            if (document > tail.document() && isOfTerm(file, document, term, probe) && probe.index() > last) {
                firstSlots[marks - 1] = slot + 1;
                endSlots[marks - 1] = slot + stride;
                slot += stride;
                last = probe.index();
                mark(CycleFiles.place(ordinal, document));
                tail = new RecordCursor(file, document);
                tail.next(probe);
            } else {
                grows = false;
            }
        }
    }

    /** Whether the first record of a document is an entry of this term, whole; it is then in the view. */
    private static boolean isOfTerm(CycleFile file, long document, long term, JournalEntry into) {
        return file.examine(document + CycleFile.HEADER_BYTES, Long.MAX_VALUE, into) == null && into.term() == term
                && !into.kind().isRecordOnly();
    }

    private void accept(CycleFile file, boolean mark) {
        if (!begun) {
            begun = true;
            last = probe.kind() == EntryKind.TAIL_CUT ? TailCut.droppedThrough(probe) : probe.index() - 1;
            floor = probe.index() - 1;
        }
        if (probe.kind() == EntryKind.TAIL_CUT) {
            String problem = TailCut.problem(probe, last);
            if (problem != null) {
                throw new JournalException(file.path(), tail.record(), problem);
            }
            cut(probe.index());
            return;
        }
        if (probe.kind() == EntryKind.RESTART) {
            marks = 0;
            last = probe.index();
            floor = Math.max(floor, last);
            term = probe.term();
            return;
        }
        if (probe.index() != last + 1) {
            throw new JournalException(file.path(), tail.record(), "index " + probe.index() + " follows " + last
                    + ": entries are missing");
        }
        last = probe.index();
        term = probe.term();
        if (mark) {
            unmarked = false;
            mark(CycleFiles.place(ordinal, tail.document()));
        }
    }

    private void mark(long place) {
        if (marks == indices.length) {
            indices = Arrays.copyOf(indices, marks * 2);
            places = Arrays.copyOf(places, marks * 2);
            firstSlots = Arrays.copyOf(firstSlots, marks * 2);
            endSlots = Arrays.copyOf(endSlots, marks * 2);
        }
        indices[marks] = last;
        firstSlots[marks] = 0;
        endSlots[marks] = 0;
        places[marks++] = place;
    }

    private void cut(long from) {
        unmarked = true;
        lowestCut = Math.min(lowestCut, from);
        recent.forget();
        last = from - 1;
        while (marks > 0 && indices[marks - 1] >= from) {
            marks--;
        }
    }

    /** Fills in the entry, which must be held; false when it was cut or its file was dropped meanwhile. */
    boolean read(long index, JournalEntry into) {
        return (recent.holds(index) || recent.fill(index)) && recent.read(index, into);
    }

    /** The entries from one mark to the next, and where each starts. */
    final class Stretch {
        private final long aheadBytes;
        private long[] positions = new long[WALKED_DOCUMENTS];
        private CycleFile file;
        private DocumentTable slots;
        private long first;
        private int count;
        /** Where the stretch starts and where the next one does, which the slot of the table names; 0 for none. */
        private long document;
        private long endDocument;
        private long endIndex;
        private long endSlot;

        /** @param inOrder the next stretch is wanted after this one */
        Stretch(boolean inOrder) {
            aheadBytes = inOrder ? IN_ORDER_BYTES : STRETCH_BYTES;
        }

        boolean holds(long index) {
            return index >= first && index < first + count;
        }

        /** Finds all entries of the stretch with this one; false when it is not there any more. */
        boolean fill(long index) {
            int mark = markOf(index);
            CycleFile before = file;
            count = 0;
            file = mark < 0 ? null : files.get(CycleFiles.ordinal(places[mark]));
            if (file == null) {
                return false;
            }
            boolean goesOn = file == before && index == endIndex && endSlot > firstSlots[mark] && endSlot < endSlots[mark];
            boolean bounded = mark + 1 < marks && CycleFiles.ordinal(places[mark + 1]) == CycleFiles.ordinal(places[mark]);
            long from = goesOn ? endSlot : firstSlots[mark];
            first = goesOn ? index : indices[mark];
            document = goesOn ? endDocument : CycleFiles.position(places[mark]);
            endDocument = bounded ? CycleFiles.position(places[mark + 1]) : Long.MAX_VALUE;
            endIndex = mark + 1 < marks ? indices[mark + 1] : last + 1;
            endSlot = 0;
            if (file != before) {
                slots = new DocumentTable(file);
            }
            narrow(index, goesOn ? from + 1 : from, endSlots[mark]);
            RecordCursor cursor = new RecordCursor(file, document);
            file.readAhead(document, aheadBytes);
            while (cursor.step() && cursor.document() < endDocument && take(cursor, endIndex)) {
                // take() has done it.
            }
            return holds(index);
        }

        /**
         * By the table to what is next to the entry on both sides. Both ends are of the same term, so nothing of this term
         * between them was cut; what is of another is passed over. A table that leads elsewhere costs time and no more.
         */
        private void narrow(long index, long from, long to) {
            if (from >= to || file.examine(document + CycleFile.HEADER_BYTES, Long.MAX_VALUE, probe) != null) {
                return;
            }
            long stretchTerm = probe.term();
            long low = from;
            long high = to;
            for (long middle = low; low < high; middle = low + high >>> 1) {
                long slot = middle;
                while (slot >= low && !leadsBetween(slot, stretchTerm)) {
                    slot--;
                }
                if (slot < low) {
                    low = middle + 1;
                } else if (probe.index() <= index) {
                    document = slots.position(slot);
                    first = probe.index();
                    low = middle + 1;
                } else {
                    endDocument = slots.position(slot);
                    endIndex = probe.index();
                    endSlot = slot;
                    high = slot;
                }
            }
        }

        private boolean leadsBetween(long slot, long stretchTerm) {
            long at = slots.position(slot);
            return at > document && at < endDocument && isOfTerm(file, at, stretchTerm, probe) && probe.index() > first
                    && probe.index() < endIndex;
        }

        /** False where the stretch ends. */
        private boolean take(RecordCursor cursor, long endIndex) {
            long index = cursor.index();
            if (cursor.kind() == EntryKind.TAIL_CUT) {
                count = (int) Math.min(count, index - first);
                return count > 0;
            }
            if (index != first + count) {
                if (index >= endIndex) {
                    return true;
                }
                throw new JournalException(file.path(), cursor.record(), "index " + index + " follows " + (first + count - 1));
            }
            if (index < endIndex) {
                if (count == positions.length) {
                    positions = Arrays.copyOf(positions, count * 2);
                }
                positions[count++] = cursor.record();
            }
            return true;
        }

        boolean read(long index, JournalEntry into) {
            long position = positions[(int) (index - first)];
            if (file.readByOwner(position, into) == 0) {
                return false;
            }
            if (into.index() != index) {
                throw new JournalException(file.path(), position, "entry " + into.index() + " stands where entry " + index
                        + " should");
            }
            return true;
        }

        CycleFile file() {
            return file;
        }

        long offsetBytes(long index) {
            return positions[(int) (index - first)];
        }

        void forget() {
            count = 0;
        }
    }

    private int markOf(long index) {
        int found = Arrays.binarySearch(indices, 0, marks, index);
        return found >= 0 ? found : -found - 2;
    }
}
