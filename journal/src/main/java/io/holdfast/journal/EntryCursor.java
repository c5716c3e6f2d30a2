package io.holdfast.journal;

import java.nio.file.Path;

/**
 * Owned by the thread of its {@link JournalReader}: goes through the entries of the live branch, oldest or newest first;
 * made by {@link JournalReader#forward} and {@link JournalReader#backward}.
 */
public final class EntryCursor {
    private final LiveBranch branch;
    private final LiveBranch.Stretch stretch;
    private final boolean forward;
    private long next;
    private long read;

    EntryCursor(LiveBranch branch, long from, boolean forward) {
        this.branch = branch;
        this.stretch = branch.new Stretch(forward);
        this.forward = forward;
        this.next = from;
    }

    /**
     * Fills in the next entry, checked against its checksum; false when there is none (any more, or so far: after a
     * {@link JournalReader#refresh} take a new cursor).
     */
    public boolean next(JournalEntry into) {
        if (!branch.holds(next) || !stretch.holds(next) && !stretch.fill(next) || !stretch.read(next, into)) {
            return false;
        }
        read = next;
        next += forward ? 1 : -1;
        return true;
    }

    /** The file of the entry read last. */
    public Path file() {
        return stretch.file().path();
    }

    /** Where in {@link #file()} the entry read last starts. */
    public long offsetBytes() {
        return stretch.offsetBytes(read);
    }
}
