package io.holdfast.consensus;

import io.holdfast.journal.EntrySource;

/** Owned by the runner thread: what was proposed, on its way into a leader's journal, as much of it as goes into one message. */
final class Intake implements EntrySource {
    /**
     * Told of each entry once the journal has a copy of it; it is appended when all are. Takes it out of the ring, where it may
     * be overwritten at once.
     */
    interface Taker {
        void take(long index, byte[] command, int offset, int length);
    }

    private final ProposalRing proposals;
    private final long term;
    private final int mostBytes;
    private final Taker taker;
    private long index;
    private int bytes;
    /** Whether the command the ring shows is being appended. */
    private boolean held;

    Intake(ProposalRing proposals, long term, int mostBytes, Taker taker) {
        this.proposals = proposals;
        this.term = term;
        this.mostBytes = mostBytes;
        this.taker = taker;
    }

    /** The next entry follows this one. */
    Intake behind(long last) {
        index = last;
        bytes = 0;
        held = false;
        return this;
    }

    @Override
    public boolean next() {
        if (held) {
            index++;
            bytes += EntryBatch.ENTRY_HEADER_BYTES + proposals.length();
            taker.take(index, proposals.buffer(), proposals.offset(), proposals.length());
        }
        held = bytes < mostBytes && proposals.peek();
        return held;
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
        return proposals.buffer();
    }

    @Override
    public int offset() {
        return proposals.offset();
    }

    @Override
    public int length() {
        return proposals.length();
    }
}
