package io.holdfast.journal;

import java.io.IOException;

/**
 * Asked by the journal's writer, works on a thread of its own: claims blocks of the newest cycle file ahead of the last
 * record, by writing zeros, so that a store to a mapping of them needs no new block.
 *
 * <p>How the zeros are written decides what the stores cost. The kernel keeps what one write(2) brings in one folio, where the
 * file system can (ext4 since Linux 6.16), and one page fault opens all of it; but a store into a folio that was forced makes
 * all of it dirty again, and the next force writes all of it. So zeros are written in large pieces where nothing is forced
 * but by the kernel, and by single pages where somebody waits for each force.
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
        while (true) {
            ForcedFile of;
            long from;
            long to;
            synchronized (this) {
                while (!ended && (file == null || claimed >= wanted)) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        // Nobody has a reason to interrupt it.
                    }
                }
                if (ended) {
                    return;
                }
                of = file;
                from = claimed;
                to = (from / pieceBytes + 1) * pieceBytes;
            }
            IOException failed = null;
            try {
                of.claim(from, to, writeBytes);
            } catch (IOException e) {
                failed = e;
            } catch (RuntimeException | Error e) {
                failed = new IOException(e);
            }
            done(of, to, failed);
        }
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
