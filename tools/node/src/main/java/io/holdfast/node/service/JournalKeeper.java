package io.holdfast.node.service;

import io.holdfast.journal.DiskWatch;
import io.holdfast.journal.Journal;
import io.holdfast.node.config.RetainConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the journal of one service within its bounds; owned by the service's thread, asked by any.
 *
 * <p>When this node holds the newest ready checkpoint, the state at its mark becomes the group's snapshot here, and entries
 * before the mark go, by size and age. When three quarters of the bound are used the primary takes a checkpoint at once. When
 * all of it is used and nothing may go, the primary takes no more packets (I9): every node has the same bound, so no other
 * could do better, and clients' transports repeat what was not taken. A standby goes on, since more copies are better than
 * fewer, until its disk is full and it leaves the group (I7).
 */
final class JournalKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(JournalKeeper.class);
    private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long DROP_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** With less than this left on the disk the journal is to give up what it can. */
    private static final long LOW_DISK_BYTES = 32L << 20;
    private static final int PATIENCE_SECONDS = 1;

    private final String serviceName;
    private final RetainConfig retain;
    private final Retention retention;
    private final CheckpointKeeper checkpoints;
    private final PacketPipeline pipeline;
    private long lookedNanos = System.nanoTime() - INTERVAL_NANOS;
    private long droppedNanos = System.nanoTime();
    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);
    private ServiceReplica asked;
    /** Of the journal of {@link #asked}. */
    private DiskWatch disk;
    private long compactedTo;
    private boolean pressing;
    private volatile boolean lowDisk;
    /** Storing a snapshot is work for the disk, beside the group's own: not for less than a file. */
    private boolean worthwhile;
    private volatile boolean full;
    private volatile String problem;

    JournalKeeper(String serviceName, RetainConfig retain, CheckpointKeeper checkpoints, PacketPipeline pipeline) {
        this.serviceName = serviceName;
        this.retain = retain;
        this.retention = new Retention(retain, WallClock::epochNanos);
        this.checkpoints = checkpoints;
        this.pipeline = pipeline;
    }

    /** Service's thread, again and again. */
    void tick(ServiceReplica replica) {
        long now = System.nanoTime();
        if (now - lookedNanos < INTERVAL_NANOS) {
            return;
        }
        lookedNanos = now;
        if (asked != replica) {
            asked = replica;
            disk = new DiskWatch(replica.journal(), TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
            compactedTo = 0;
            underWay = CompletableFuture.completedFuture(null);
        }
        look(replica.journal(), now);
        if (worthwhile && underWay.isDone()) {
            compact(replica, now);
        }
    }

    private void look(Journal journal, long now) {
        long held = journal.bytesHeld();
        lowDisk = journal.diskBytesFree() < LOW_DISK_BYTES;
        boolean isFull = journal.isFull();
        if (isFull != full) {
            LOG.warn("service {}: the journal {}: {} of {} bytes", serviceName, isFull ? "is full" : "has room again", held,
                    retain.maxBytes());
        }
        full = isFull;
        pressing = held >= retain.pressingBytes();
        worthwhile = lowDisk || held > retain.keptBytes() + retain.fileBytes() || retention.isAged(journal);
        problem = problem(journal, disk.hangs(now));
        pipeline.refuse(isFull);
    }

    private String problem(Journal journal, boolean hangs) {
        if (hangs) {
            return "the disk of the journal has not ended a force for more than " + PATIENCE_SECONDS + " s";
        }
        if (full) {
            return "the journal is full: it holds " + journal.bytesHeld() + " of " + retain.maxBytes() + " bytes, and no newer"
                    + " checkpoint lets entries go; packets wait";
        }
        return lowDisk ? "less than " + LOW_DISK_BYTES + " bytes are left on the disk of the journal" : journal.disposalProblem();
    }

    private void compact(ServiceReplica replica, long now) {
        ServiceHistory.ReadyCheckpoint newest = replica.history().newestReady();
        long mark = newest == null ? 0 : newest.body().markIndex();
        if (mark > compactedTo && mark > replica.journal().floorIndex() && checkpoints.holds(newest)) {
            compactedTo = mark;
            underWay = checkpoints.snapshotAt(newest.body(), replica)
                    .thenCompose(bytes -> bytes == null ? CompletableFuture.completedFuture(null)
                            : replica.compact(mark, bytes, this::keepFrom));
        } else if (now - droppedNanos > DROP_INTERVAL_NANOS) {
            droppedNanos = now;
            underWay = replica.dropPrefix(this::keepFrom);
        } else {
            return;
        }
        underWay.whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.warn("service {}: the journal was not compacted: {}", serviceName, failure.toString());
            }
        });
    }

    /** Runner: entries before this one may go; all of them when the disk has no room. */
    private long keepFrom(Journal journal) {
        return lowDisk ? Long.MAX_VALUE : retention.keepFrom(journal);
    }

    /** Whether the primary should take a checkpoint at once, so that entries may go: the last mark is not ready, or not the end. */
    boolean wantsCheckpoint(ServiceReplica replica, long lastMark) {
        ServiceHistory.ReadyCheckpoint newest = replica.history().newestReady();
        return pressing && (replica.packetsSinceMark() > 0 || newest == null || newest.body().markIndex() < lastMark);
    }

    /** Any thread: whether the bound is reached and no packet is taken. */
    boolean full() {
        return full;
    }

    /** Any thread: what an operator should know, or null. */
    String problem() {
        return problem;
    }
}
