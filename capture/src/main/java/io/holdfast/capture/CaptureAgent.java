package io.holdfast.capture;

import io.holdfast.capture.linux.EventFd;
import io.holdfast.capture.linux.PollSet;
import io.holdfast.capture.linux.SystemCallException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gate: reads packets off an {@link IngressQueue}, offers each to a {@link PacketSink} and gives its verdict.
 * Its state belongs to whoever has {@link #turn}: its own thread, or, while that sleeps, a thread that has committed and
 * releases what it committed itself, because waking another for it takes longer. {@link #gate}, {@link #onCommitted},
 * {@link #count} and {@link #close} are for any thread.
 *
 * <p>A packet taken by the sink is held in the kernel until committed, and committed ones are accepted by batch
 * verdicts, so order of arrival is order of entries is order of release (I1, I4). A batch verdict covers every
 * waiting id up to the last; packets dropped or passed singly have had theirs by then.
 */
public final class CaptureAgent implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CaptureAgent.class);
    /** How many datagrams are read before committed packets are looked for again. */
    private static final int BURST_DATAGRAMS = 16;
    private static final int QUEUE = 0;
    private static final int WAKE = 1;
    private static final long CLOCK_RESET_NANOS = 1_000_000_000L;

    private final IngressQueue queue;
    private final int virtualAddress;
    private final PacketSink sink;
    private final CaptureObserver observer;
    private final Thread thread;
    private final EventFd wakeUp = new EventFd();
    private final PollSet poll;
    private final AtomicBoolean turn = new AtomicBoolean();
    private volatile boolean turnWanted;
    private final AtomicBoolean sleeping = new AtomicBoolean();
    private final ConcurrentLinkedQueue<GateChange> changes = new ConcurrentLinkedQueue<>();
    private final AtomicLongArray counts = new AtomicLongArray(CaptureCount.values().length);
    private final Ipv4Packet packet = new Ipv4Packet();
    private final TcpView segment = new TcpView();
    private final UdpView datagram = new UdpView();
    /** The ids of packets taken and not released, by their number since the last reset. */
    private final int[] heldIds;
    private long taken;
    private long released;
    private GateMode mode = GateMode.SHUT;
    private volatile GateMode modeInForce = GateMode.SHUT;
    private CompletableFuture<Void> draining;
    private int lastId;
    private long clockOffsetNanos;
    private long clockSetNanos;
    private volatile boolean closing;
    private volatile Throwable failure;

    private record GateChange(GateMode mode, CompletableFuture<Void> inForce) {
    }

    /**
     * Takes over {@code queue}; the gate is shut.
     *
     * @param virtualAddress packets to other destinations are dropped
     * @param maxHeld how many packets may be held at once, a power of two; the next one is dropped
     * @param observer may be null
     */
    public CaptureAgent(String name, IngressQueue queue, int virtualAddress, int maxHeld, PacketSink sink,
            CaptureObserver observer) {
        if (Integer.bitCount(maxHeld) != 1) {
            throw new IllegalArgumentException("maxHeld is no power of two: " + maxHeld);
        }
        this.queue = Objects.requireNonNull(queue);
        this.sink = Objects.requireNonNull(sink);
        this.virtualAddress = virtualAddress;
        this.observer = observer;
        this.heldIds = new int[maxHeld];
        this.poll = new PollSet(queue.descriptor(), wakeUp.number());
        this.thread = new Thread(this, "holdfast-capture-" + name);
        this.thread.setDaemon(true);
    }

    /** Starts the capture thread; once. */
    public CaptureAgent start() {
        thread.start();
        return this;
    }

    /**
     * Asks for a mode; requests take effect in the order made. The future completes on the capture thread: for SHUT
     * when what was held is dropped, for PAUSED when what was taken is released, else at once. A PAUSED that another
     * request ends before that fails, as does PAUSED out of HOLD, which would release what must not go yet.
     */
    public CompletableFuture<Void> gate(GateMode wanted) {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        changes.add(new GateChange(Objects.requireNonNull(wanted), inForce));
        wake();
        if (closing || failure != null) {
            failChanges();
        }
        return inForce;
    }

    /** The mode last put in force. */
    public GateMode mode() {
        return modeInForce;
    }

    /**
     * Says that packets were committed: they are released before it returns, or by the capture thread if that is awake.
     * Any thread.
     */
    public void onCommitted() {
        if (!sleeping.get() || !turn.compareAndSet(false, true)) {
            return; // the capture thread looks for committed packets before it sleeps
        }
        try {
            if (!closing && failure == null) {
                releaseCommitted();
            }
        } catch (Throwable e) {
            failure = e;
            wake();
        } finally {
            endTurn();
        }
    }

    private void wake() {
        if (sleeping.get() && sleeping.compareAndSet(true, false)) {
            signal();
        }
    }

    /** Against {@link #close}: the number of a closed descriptor may be another file's by now. */
    private void signal() {
        synchronized (wakeUp) {
            if (wakeUp.isOpen()) {
                wakeUp.signal();
            }
        }
    }

    /** Any thread; the value may be a moment old. */
    public long count(CaptureCount which) {
        return counts.getOpaque(which.ordinal());
    }

    /** What the kernel dropped by itself, and what waits. Any thread; costs a read of /proc. */
    public IngressQueue.KernelCounts kernelCounts() {
        return queue.kernelCounts();
    }

    /** What ended the capture thread, or null. */
    public Throwable failure() {
        return failure;
    }

    /** The capture thread's loop. */
    @Override
    public void run() {
        try {
            while (!closing) {
                if (!takeTurn()) {
                    sleep();
                }
            }
        } catch (Throwable e) {
            failure = e;
            LOG.error("Capture ended; the kernel drops what comes for {}", Ipv4Packet.text(virtualAddress), e);
        } finally {
            queue.close();
            closing = true;
            failChanges();
            if (draining != null) {
                draining.completeExceptionally(ended());
            }
        }
        if (failure != null && observer != null) {
            observer.onFailure(failure);
        }
    }

    /** Returns whether there was anything to do. */
    private boolean takeTurn() throws Throwable {
        awaitTurn();
        try {
            if (failure != null) {
                throw failure;
            }
            applyChanges();
            boolean busy = releaseCommitted();
            return busy | (mode != GateMode.PAUSED && readBurst());
        } finally {
            endTurn();
        }
    }

    /** The capture thread alone waits, so a lock that queues those who do, in objects made for it, is not needed. */
    private void awaitTurn() {
        while (!turn.compareAndSet(false, true)) {
            turnWanted = true;
            if (turn.get()) {
                LockSupport.park(this);
            }
            turnWanted = false;
        }
    }

    /** Who waits has said so before it looked at the turn once more, or finds it free there. */
    private void endTurn() {
        turn.set(false);
        if (turnWanted) {
            LockSupport.unpark(thread);
        }
    }

    private IllegalStateException ended() {
        return new IllegalStateException("capture has ended", failure);
    }

    private void failChanges() {
        for (GateChange each = changes.poll(); each != null; each = changes.poll()) {
            each.inForce.completeExceptionally(ended());
        }
    }

    private void applyChanges() {
        for (GateChange each = changes.poll(); each != null; each = changes.poll()) {
            apply(each);
        }
    }

    private void apply(GateChange change) {
        if (change.mode == GateMode.PAUSED && mode == GateMode.HOLD) {
            change.inForce.completeExceptionally(new IllegalStateException("PAUSED out of HOLD"));
            return;
        }
        if (draining != null) {
            draining.completeExceptionally(new IllegalStateException("the gate went from PAUSED to " + change.mode
                    + " with " + (taken - released) + " packets not released"));
            draining = null;
        }
        LOG.info("Gate of {}: {} -> {}, {} packets held", Ipv4Packet.text(virtualAddress), mode, change.mode,
                taken - released);
        mode = change.mode;
        modeInForce = mode;
        poll.watch(QUEUE, mode != GateMode.PAUSED);
        if (mode == GateMode.SHUT) {
            dropHeld();
        }
        if (mode == GateMode.PAUSED && taken != released) {
            draining = change.inForce;
        } else {
            change.inForce.complete(null);
        }
    }

    private void dropHeld() {
        if (taken != released) {
            queue.verdictUpTo(heldId(taken - 1), IngressQueue.DROP);
            add(CaptureCount.DROPPED_SHUT, taken - released);
        }
        taken = 0;
        released = 0;
        set(CaptureCount.HELD, 0);
        sink.reset();
    }

    /** Accepts what has been committed since last time. Returns whether there was anything. */
    private boolean releaseCommitted() {
        if (released == taken || mode == GateMode.HOLD || mode == GateMode.SHUT) {
            return false;
        }
        long committed = sink.committedCount();
        if (committed > taken) {
            throw new IllegalStateException(committed + " packets committed of " + taken + " taken");
        }
        if (committed <= released) {
            return false;
        }
        queue.verdictUpTo(heldId(committed - 1), IngressQueue.ACCEPT);
        add(CaptureCount.RELEASED, committed - released);
        sink.released(committed - released);
        released = committed;
        set(CaptureCount.HELD, taken - released);
        if (draining != null && released == taken) {
            draining.complete(null);
            draining = null;
        }
        return true;
    }

    private int heldId(long place) {
        return heldIds[(int) place & heldIds.length - 1];
    }

    /** Reads what has come, up to a bound. Returns whether there was anything. */
    private boolean readBurst() {
        int datagrams = 0;
        long shutBefore = count(CaptureCount.DROPPED_SHUT);
        long epochNanos = epochNanos();
        while (datagrams < BURST_DATAGRAMS) {
            int result = queue.receive();
            if (result == IngressQueue.OVERRUN) {
                add(CaptureCount.OVERRUNS, 1);
            } else if (result == 0) {
                break;
            }
            while (result > 0 && queue.next()) {
                onPacket(queue.packet(), epochNanos);
            }
            datagrams++;
        }
        if (count(CaptureCount.DROPPED_SHUT) != shutBefore) {
            queue.verdictUpTo(lastId, IngressQueue.DROP);
        }
        if (datagrams > 0) {
            sink.flush();
        }
        set(CaptureCount.LATE_VERDICTS, queue.lateVerdicts());
        return datagrams > 0;
    }

    private void onPacket(ByteBuffer bytes, long epochNanos) {
        lastId = queue.packetId();
        add(CaptureCount.CAPTURED, 1);
        add(CaptureCount.CAPTURED_BYTES, bytes.remaining());
        if (mode == GateMode.SHUT) {
            add(CaptureCount.DROPPED_SHUT, 1); // one verdict for the whole burst, at its end
            return;
        }
        CaptureCount reason = take(bytes, epochNanos);
        add(reason, 1);
        if (reason == CaptureCount.PASSED) {
            queue.verdict(lastId, IngressQueue.ACCEPT);
        } else if (reason != CaptureCount.TAKEN) {
            queue.verdict(lastId, IngressQueue.DROP);
        }
    }

    /** Offers the packet if it is fit for it. Returns what became of it. */
    private CaptureCount take(ByteBuffer bytes, long epochNanos) {
        if (!queue.isIpv4()) {
            return CaptureCount.DROPPED_FOREIGN;
        }
        if (queue.isTruncated() || !packet.wrap(bytes)) {
            return CaptureCount.DROPPED_MALFORMED;
        }
        if (packet.destination() != virtualAddress) {
            return CaptureCount.DROPPED_FOREIGN;
        }
        if (packet.isFragment()) {
            return CaptureCount.DROPPED_FRAGMENT;
        }
        boolean tcp = packet.protocol() == Ipv4Packet.PROTOCOL_TCP;
        if (!tcp && packet.protocol() != Ipv4Packet.PROTOCOL_UDP) {
            return mode == GateMode.OPEN ? CaptureCount.PASSED : CaptureCount.DROPPED_FOREIGN;
        }
        if (tcp ? !segment.wrap(packet) : !datagram.wrap(packet)) {
            return CaptureCount.DROPPED_MALFORMED;
        }
        if (queue.isChecksumUnfinished()) {
            Checksums.fill(packet);
        } else if (!Checksums.isHeaderValid(packet) || !Checksums.isTransportValid(packet)) {
            return CaptureCount.DROPPED_CHECKSUM;
        }
        return offer(bytes, epochNanos, tcp);
    }

    private CaptureCount offer(ByteBuffer bytes, long epochNanos, boolean tcp) {
        if (taken - released == heldIds.length) {
            return CaptureCount.DROPPED_FULL;
        }
        bytes.limit(bytes.position() + packet.totalLength());
        // The place is filled before the offer: from then on another thread may count the packet as committed.
        heldIds[(int) taken & heldIds.length - 1] = lastId;
        if (!sink.offer(bytes, epochNanos, tcp && segment.isPureAck())) {
            return CaptureCount.DROPPED_REFUSED;
        }
        taken++;
        set(CaptureCount.HELD, taken - released);
        if (tcp && observer != null) {
            observer.onCaptured(segment);
        }
        return CaptureCount.TAKEN;
    }

    /** Waits for a packet, a commit or a request. Who makes one of these sees {@code sleeping} or is seen here. */
    private void sleep() {
        sleeping.set(true);
        if (changes.isEmpty() && !closing && failure == null && !hasCommitted()) {
            poll.await(-1);
            if (poll.isBroken(QUEUE)) {
                onQueueError(queue.takeError());
            }
        }
        sleeping.set(false);
        wakeUp.clear();
    }

    private void onQueueError(int error) {
        if (error != IngressQueue.OVERRUN && error != 0) {
            throw new SystemCallException("poll(queue " + queue.number() + ")", -error);
        }
        add(CaptureCount.OVERRUNS, error == 0 ? 0 : 1);
    }

    private boolean hasCommitted() {
        return released != taken && (mode == GateMode.OPEN || mode == GateMode.PAUSED)
                && sink.committedCount() > released;
    }

    /** Wall-clock time from the monotonic clock, set anew each second: no allocation and no step within one. */
    private long epochNanos() {
        long now = System.nanoTime();
        if (clockSetNanos == 0 || now - clockSetNanos > CLOCK_RESET_NANOS) {
            clockSetNanos = now;
            clockOffsetNanos = System.currentTimeMillis() * 1_000_000L - now;
        }
        return clockOffsetNanos + now;
    }

    private void add(CaptureCount which, long more) {
        int place = which.ordinal();
        counts.setOpaque(place, counts.getPlain(place) + more);
    }

    private void set(CaptureCount which, long value) {
        counts.setOpaque(which.ordinal(), value);
    }

    /** Ends the capture thread and waits for it. The kernel drops what is held and what comes. */
    @Override
    public void close() {
        closing = true;
        if (Thread.currentThread() == thread) {
            return;
        }
        if (thread.getState() == Thread.State.NEW) {
            queue.close();
        } else {
            signal();
            joinThread();
        }
        failChanges();
        synchronized (wakeUp) {
            wakeUp.close();
        }
    }

    private void joinThread() {
        boolean interrupted = false;
        while (thread.isAlive()) {
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
