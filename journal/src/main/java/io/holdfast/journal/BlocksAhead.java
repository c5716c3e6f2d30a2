package io.holdfast.journal;

import java.io.IOException;

import net.openhft.posix.PosixAPI;

/**
 * Asked by the journal's writer, works on a thread of its own: claims blocks of the newest cycle file ahead of the last
 * record, by writing zeros, so that a store to a mapping of them needs no new block; and opens their pages in the mapping
 * that the writer stores through, so that it does not meet a page fault either.
 *
 * <p>How the zeros are written decides what the stores cost. The kernel keeps what one write(2) brings in one folio, where the
 * file system can (ext4 since Linux 6.16). A force writes whole folios and closes their pages to stores again: one that takes
 * a folio's first part has the writer meet a page fault in every page of the rest, and writes all of it once more at the next
 * force. So zeros are written by single pages where somebody waits for each force, else in large pieces, which is quicker.
 *
 * <p>The writer waits only when it has caught up, and learns of a full disk only then: what was claimed before is used up
 * first.
 */
final class BlocksAhead implements AutoCloseable {
    /** Room for Chronicle's header of a file and its first tables. */
    static final int FIRST_BYTES = 256 << 10;
    /** One claim; what is forced with the entries while it is fresh, a force takes so much longer. */
    private static final int PIECE_BYTES = 256 << 10;
    private static final int FORCED_PIECE_BYTES = 64 << 10;
    private static final int PAGE_BYTES = 4 << 10;
    /** madvise(2), since Linux 5.14: the page faults that stores would cause, without the stores. */
    private static final int MADV_POPULATE_WRITE = 23;

    private final long aheadBytes;
    private final int pieceBytes;
    private final int writeBytes;
    /** Null where the writer itself claims, just what it needs. */
    private final Thread thread;
    /** Of the writer alone: when it needs more than this, more is asked for. */
    private long askBehind;
    private volatile long claimed;
    // All below under the lock of this object.
    private ForcedFile file;
    private long wanted;
    private IOException problem;
    private boolean ended;
    /** The writer's mapping: where the first byte of the file would be, how far it reaches, and how far its pages are open. */
    private long base;
    private long mappedEnd;
    private long opened;

    /** What the thread does next, up to a piece of it. */
    private record Work(ForcedFile file, long address, long from, long to) {
        boolean claims() {
            return file != null;
        }
    }

    BlocksAhead(StableStorage storage, JournalOptions options) {
        this.pieceBytes = options.durability() == Durability.DISK ? FORCED_PIECE_BYTES : PIECE_BYTES;
        this.writeBytes = options.durability() == Durability.DISK ? PAGE_BYTES : PIECE_BYTES;
        this.aheadBytes = options.preallocateBytes();
        this.thread = storage.worksBeside() ? new Thread(this::run, "journal-blocks") : null;
        if (thread != null) {
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Writer. From now on this file, of which so much is claimed already. */
    synchronized void begin(ForcedFile fresh, long from) {
        file = fresh;
        claimed = from;
        wanted = from;
        problem = null;
        askBehind = from;
        mappedEnd = 0;
    }

    /** Writer. Up to this end it stores through a mapping in which the file's first byte would be at this address. */
    synchronized void mapped(long addressOfFirst, long from, long end) {
        base = addressOfFirst;
        opened = from & -PAGE_BYTES;
        mappedEnd = end;
        notifyAll();
    }

    /** Writer. Returns when the blocks up to {@code need} are claimed. No more than up to {@code most} are, unless needed. */
    void claim(long need, long most) throws IOException {
        if (need > askBehind || need > claimed) {
            ask(need, most);
        }
    }

    private synchronized void ask(long need, long most) throws IOException {
        if (thread == null) {
            while (claimed < need) {
                long to = (claimed / pieceBytes + 1) * pieceBytes;
                file.claim(claimed, to, writeBytes);
                claimed = to;
            }
            askBehind = claimed;
            return;
        }
        long target = Math.max(need, Math.min(need + 2 * aheadBytes, most));
        // What failed ahead of need is tried again: there may be room by now.
        problem = null;
        if (target > wanted) {
            wanted = target;
            notifyAll();
        }
        boolean interrupted = false;
        while (claimed < need && problem == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (claimed < need) {
            throw problem;
        }
        askBehind = target < most ? Math.max(need, target - aheadBytes) : target;
    }

    /** Up to where blocks are claimed. Any thread. */
    long claimed() {
        return claimed;
    }

    private void run() {
        for (Work work = next(); work != null; work = next()) {
            if (work.claims()) {
                claim(work);
            } else {
                // Advice: where the kernel does not take it, or the mapping has gone meanwhile, stores are slower and nothing else.
                PosixAPI.posix().madvise(work.address + work.from, work.to - work.from, MADV_POPULATE_WRITE);
            }
        }
    }

    /** Waits for something to do; null at the end. Claiming comes first: the writer may wait for it. */
    private synchronized Work next() {
        while (!ended) {
            if (file != null && claimed < wanted) {
                return new Work(file, 0, claimed, (claimed / pieceBytes + 1) * pieceBytes);
            }
            long from = opened;
            long to = Math.min(Math.min(claimed, mappedEnd), (from / pieceBytes + 1) * pieceBytes);
            if (to > from) {
                opened = to;
                return new Work(null, base, from, to);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                // Nobody has a reason to interrupt it.
            }
        }
        return null;
    }

    private void claim(Work work) {
        IOException failed = null;
        try {
            work.file.claim(work.from, work.to, writeBytes);
        } catch (IOException e) {
            failed = e;
        } catch (RuntimeException | Error e) {
            failed = new IOException(e);
        }
        done(work.file, work.to, failed);
    }

    private synchronized void done(ForcedFile of, long to, IOException failed) {
        if (of != file) {
            return;
        }
        if (failed == null) {
            claimed = to;
        } else {
            problem = failed;
            wanted = claimed;
        }
        notifyAll();
    }

    /** Nothing is claimed any more when this returns. */
    @Override
    public void close() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (thread != null && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
