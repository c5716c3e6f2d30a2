package io.holdfast.cli.inspect.reexecute;

import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import io.holdfast.node.service.EntryBodies;
import io.holdfast.restore.connection.InFlightConnection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Owned by one thread: what a journal holds behind a checkpoint's mark, and whether that is enough to re-execute it. */
final class JournalWindow {
    private final JournalReader journal;
    private final long mark;
    private final JournalEntry entry = new JournalEntry();

    JournalWindow(JournalReader journal, long mark) {
        this.journal = journal;
        this.mark = mark;
    }

    /** What the group committed of the checkpoint; without it nobody vouches for the files (I8). */
    EntryBodies.Ready ready() {
        if (mark < journal.floorIndex()) {
            throw new SandboxException("the journal begins behind entry " + journal.floorIndex() + ": what followed the checkpoint at "
                    + mark + " is no longer all in it. Only checkpoints at entry " + journal.floorIndex()
                    + " or later can be re-executed");
        }
        for (long index = mark + 1; index <= journal.lastIndex(); index++) {
            read(index);
            if (entry.kind() == EntryKind.CHECKPOINT_READY) {
                EntryBodies.Ready ready = body(EntryBodies.Ready.class);
                if (ready.markIndex() == mark) {
                    return ready;
                }
            }
        }
        throw new SandboxException("the journal does not say that checkpoint " + mark + " was ready, so it does not count");
    }

    /**
     * The last entry to give.
     *
     * @param asked 0: as far as the group had committed
     */
    long last(long asked) {
        if (asked == 0) {
            // A journal that was copied without its state file does not know what was committed.
            return journal.commitIndex() > mark ? journal.commitIndex() : journal.lastIndex();
        }
        if (asked > journal.lastIndex() || asked < mark) {
            throw new SandboxException("entry " + asked + " is not between the checkpoint at "
                    + mark + " and the journal's last entry, " + journal.lastIndex());
        }
        return asked;
    }

    /** Connections that were not accepted at the mark need their packets from before it, too. */
    void requireHeld(List<InFlightConnection> inFlight) {
        for (InFlightConnection each : inFlight) {
            if (each.synIndex() <= journal.floorIndex()) {
                throw new SandboxException("connection " + each.tuple() + " was not accepted at the mark, and its packets from entry "
                        + each.synIndex() + " on are no longer in the journal, which begins behind entry " + journal.floorIndex());
            }
        }
    }

    /** Connections that a takeover closed on purpose, with the entry and the reason. */
    Map<String, String> closed(long last) {
        Map<String, String> closed = new LinkedHashMap<>();
        for (long index = mark + 1; index <= last; index++) {
            read(index);
            if (entry.kind() == EntryKind.CONNECTION_CLOSED) {
                EntryBodies.Closed body = body(EntryBodies.Closed.class);
                closed.put(body.connection(), "entry " + index + ": " + body.reason());
            }
        }
        return closed;
    }

    private void read(long index) {
        if (!journal.read(index, entry)) {
            throw new SandboxException("entry " + index + " is missing in the journal");
        }
    }

    private <T> T body(Class<T> type) {
        return EntryBodies.body(entry.buffer(), entry.commandOffset(), entry.commandLength(), type);
    }
}
