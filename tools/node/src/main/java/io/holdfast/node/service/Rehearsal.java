package io.holdfast.node.service;

import io.holdfast.restore.checkpoint.CheckpointDraft;
import io.holdfast.restore.checkpoint.CheckpointStore;
import io.holdfast.restore.checkpoint.Criu;
import io.holdfast.restore.checkpoint.CriuException;
import io.holdfast.restore.checkpoint.VerifiedCheckpoint;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.TableRecord;
import io.holdfast.restore.replay.ReplayOptions;
import io.holdfast.restore.replay.ReplaySource;
import io.holdfast.restore.replay.Replayer;
import io.holdfast.restore.replay.TakeoverFix;
import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Goes through a takeover with a small process of its own before the node joins its group: a machine that cannot dump
 * and restore says so when it is started, not when it is needed, and the first real takeover does not begin by loading
 * classes (seen: 300 ms of the first one on two busy cores). Used once, by the service's thread.
 */
final class Rehearsal {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
    private static final List<String> PROGRAM = List.of("/bin/sleep", "3600");
    private static final long TIMEOUT_MS = 5_000;
    private static final long MAX_BYTES = 64 << 20;
    private static final int TRIES = 3;
    private static final String SERVICE = "rehearsal";

    private final Path dir;
    private final ServiceNetwork network;
    private final Criu criu;

    /** @param dir of its own; removed at the end */
    Rehearsal(Path dir, ServiceNetwork network, Criu criu) {
        this.dir = dir;
        this.network = network;
        this.criu = criu;
    }

    /**
     * Dumps, restores and replays.
     *
     * @param withImage whether checkpoints are taken at all
     * @throws RuntimeException what a takeover would fail with on this machine
     */
    void run(boolean withImage) {
        long begun = System.nanoTime();
        Path stateFile = dir.resolve("workload.json");
        try {
            Files.createDirectories(dir.resolve("data"));
            Workload.killLeftover(stateFile, TIMEOUT_MS);
            if (withImage) {
                dumpAndRestorePatiently(stateFile);
            }
            replayNothing();
        } catch (IOException e) {
            throw new UncheckedIOException("the rehearsal of a takeover in " + dir + " failed", e);
        }
        LOG.info("rehearsed a takeover in {} ms", (System.nanoTime() - begun) / 1_000_000);
    }

    /** On a crowded machine CRIU fails now and then; a node that could take over is not to stay away because of that. */
    private void dumpAndRestorePatiently(Path stateFile) {
        for (int attempt = 1; ; attempt++) {
            try {
                dumpAndRestore(stateFile);
                return;
            } catch (CriuException e) {
                if (attempt == TRIES) {
                    throw e;
                }
                LOG.warn("the rehearsal of a takeover failed, once more: {}", e.getMessage());
            }
        }
    }

    private void dumpAndRestore(Path stateFile) {
        WorkloadSpec spec = new WorkloadSpec(PROGRAM, Path.of("/"), List.of(dir.resolve("data")), Map.of(), 0, TIMEOUT_MS);
        CheckpointStore store = CheckpointStore.open(dir.resolve("checkpoints"), MAX_BYTES);
        Workload original = Workload.start(spec, stateFile);
        VerifiedCheckpoint checkpoint;
        try (CheckpointDraft draft = store.draft()) {
            criu.dump(original.pid(), draft.imageDirectory(), MAX_BYTES, () -> draft.copyData(spec.dataDirectories()));
            checkpoint = draft.complete(SERVICE, 1, 1, "", Map.of());
        } finally {
            original.kill(TIMEOUT_MS);
        }
        if (!checkpoint.isUntouched()) {
            throw new IllegalStateException("files in " + dir + " change by themselves");
        }
        checkpoint.restoreDataDirectories(spec.dataDirectories());
        Workload clone = Workload.restore(spec, stateFile,
                (pidFile, started) -> criu.restore(checkpoint.imageDirectory(), pidFile, started).pid());
        clone.processes();
        clone.kill(TIMEOUT_MS);
        store.delete(checkpoint.markIndex());
    }

    private void replayNothing() {
        network.loopback().engage();
        try {
            network.forgetConnections();
            ConnectionTable table = ConnectionTable.of(
                    TableRecord.fromJson(new ConnectionTable(WorkloadRestorer.TABLE_CAPACITY).toRecord().toJson()),
                    WorkloadRestorer.TABLE_CAPACITY);
            Replayer replayer = new Replayer(network.loopback(), network.sockets(), ReplayOptions.DEFAULT);
            replayer.replay(table, new NoPackets());
            try (TakeoverFix fix = new TakeoverFix(network.sockets(), network.adjust(), network.loopback(),
                    Takeover.TIMESTAMP_MARGIN_MS)) {
                fix.fix(replayer, List::of, WallClock.epochNanos());
            }
        } finally {
            network.loopback().release();
        }
    }

    /** A source without packets. */
    private static final class NoPackets implements ReplaySource {
        @Override
        public boolean next() {
            return false;
        }

        @Override
        public long index() {
            return 0;
        }

        @Override
        public long epochNanos() {
            return 0;
        }

        @Override
        public int copyTo(ByteBuffer into) {
            return 0;
        }
    }
}
