package io.holdfast.consensus;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Filled by any thread under its lock, emptied by the runner thread without one: commands on their way into the journal.
 *
 * <p>Commands are copied in, so a caller may use its buffer again at once, and leave in the order of the calls. The
 * ring is open only while this member leads and its term's first entry is committed; opening, closing and offering
 * share one lock, so that nothing offered in one term is taken in another. Nothing is allocated for an offer.
 *
 * <p>In the ring: {@code i32 length | command}, aligned to 4; length -1 means that the rest up to the end is unused.
 */
final class ProposalRing {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final int SKIP = -1;
    private static final long NO_WAITER = Long.MAX_VALUE;

    private final byte[] ring;
    private final int mask;
    private final int maxInFlight;
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

    private boolean open;
    private volatile long head;
    private volatile long tail;
    private volatile long offered;
    private volatile long settled;
    private volatile long nextWaiter = NO_WAITER;
    private long taken;

    private int offset;
    private int length;

    private record Waiter(long sequence, CompletableFuture<Long> future) {
    }

    ProposalRing(int capacityBytes, int maxInFlight) {
        this.ring = new byte[Integer.highestOneBit(Math.max(capacityBytes, 64 << 10) - 1) << 1];
        this.mask = ring.length - 1;
        this.maxInFlight = maxInFlight;
    }

    /** False when closed, when too many entries are in flight, or when the ring is full. Never waits for the group. */
    synchronized boolean offer(byte[] command, int from, int byteCount) {
        if (!open || offered - settled >= maxInFlight) {
            return false;
        }
        return put(command, from, byteCount);
    }

    /** Like {@link #offer}, for a caller that wants to know; not counted against the bound. Null when not taken. */
    synchronized CompletableFuture<Long> propose(byte[] command) {
        if (!open) {
            return null;
        }
        CompletableFuture<Long> future = new CompletableFuture<>();
        waiters.add(new Waiter(offered, future));
        nextWaiter = waiters.getFirst().sequence(); // before the command can be seen: the runner compares it
        if (!put(command, 0, command.length)) {
            waiters.removeLast();
            nextWaiter = waiters.isEmpty() ? NO_WAITER : waiters.getFirst().sequence();
            return null;
        }
        return future;
    }

    private boolean put(byte[] command, int from, int byteCount) {
        int needed = (Integer.BYTES + byteCount + 3) & ~3;
        int at = (int) (tail & mask);
        int skipped = at + needed > ring.length ? ring.length - at : 0;
        if (needed > ring.length || tail + skipped + needed - head > ring.length) {
            return false;
        }
        if (skipped > 0) {
            INT.set(ring, at, SKIP);
            at = 0;
        }
        INT.set(ring, at, byteCount);
        System.arraycopy(command, from, ring, at + Integer.BYTES, byteCount);
        offered++;
        tail += skipped + needed;
        return true;
    }

    boolean isEmpty() {
        return head == tail;
    }

    /** How much waits. */
    long bytes() {
        return tail - head;
    }

    /** Runner: looks at the next command; false when there is none. It stays until {@link #take}. */
    boolean peek() {
        long from = head;
        if (from == tail) {
            return false;
        }
        int at = (int) (from & mask);
        if ((int) INT.get(ring, at) == SKIP) {
            head = from + ring.length - at;
            at = 0;
        }
        length = (int) INT.get(ring, at);
        offset = at + Integer.BYTES;
        return true;
    }

    byte[] buffer() {
        return ring;
    }

    int offset() {
        return offset;
    }

    int length() {
        return length;
    }

    /** Runner: the command looked at was copied. Returns who waits for it, or null. */
    CompletableFuture<Long> take() {
        long sequence = taken++;
        CompletableFuture<Long> waiting = sequence == nextWaiter ? takeWaiter() : null;
        head += (Integer.BYTES + length + 3) & ~3;
        return waiting;
    }

    private synchronized CompletableFuture<Long> takeWaiter() {
        CompletableFuture<Long> future = waiters.removeFirst().future();
        nextWaiter = waiters.isEmpty() ? NO_WAITER : waiters.getFirst().sequence();
        return future;
    }

    /** Runner: so many of the commands taken are committed. */
    void settle(int entries) {
        settled += entries;
    }

    int inFlight() {
        return (int) Math.max(0, offered - settled);
    }

    synchronized void open() {
        open = true;
    }

    /** Takes nothing more until it is opened again; what was taken stays. */
    synchronized void pause() {
        open = false;
    }

    synchronized boolean isOpen() {
        return open;
    }

    /** Runner: takes nothing more, forgets what was not taken and returns who waited for it. */
    synchronized List<CompletableFuture<Long>> close() {
        open = false;
        List<CompletableFuture<Long>> left = waiters.stream().map(Waiter::future).toList();
        waiters.clear();
        nextWaiter = NO_WAITER;
        head = tail;
        taken = offered;
        settled = offered;
        return left;
    }
}
