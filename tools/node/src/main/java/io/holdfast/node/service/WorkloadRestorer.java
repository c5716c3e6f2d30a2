package io.holdfast.node.service;

import io.holdfast.node.config.ServiceConfig;
import io.holdfast.node.config.WorkloadConfig;
import io.holdfast.restore.checkpoint.CheckpointDamagedException;
import io.holdfast.restore.checkpoint.CriuException;
import io.holdfast.restore.checkpoint.RestoredWorkload;
import io.holdfast.restore.checkpoint.VerifiedCheckpoint;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes the workload run again on this node: from the newest committed checkpoint that is here and verifies (I8), from
 * an older one when that fails, or afresh when the whole journal can be replayed. Owned by the service's thread.
 */
final class WorkloadRestorer {
    private static final Logger LOG = LoggerFactory.getLogger(WorkloadRestorer.class);
    private static final long STOP_TIMEOUT_MS = 5_000;
    private static final long KILL_TIMEOUT_MS = 5_000;
    static final int TABLE_CAPACITY = 65_536;

    private final ServiceConfig service;
    private final CheckpointKeeper checkpoints;
    private final Path stateFile;
    private final Runnable forgetConnections;

    /** @param forgetConnections drops what the kernel keeps of the connections of a workload that was killed */
    WorkloadRestorer(ServiceConfig service, CheckpointKeeper checkpoints, Path stateFile, Runnable forgetConnections) {
        this.service = service;
        this.checkpoints = checkpoints;
        this.stateFile = stateFile;
        this.forgetConnections = forgetConnections;
    }

    /**
     * @throws IllegalStateException when neither a checkpoint nor the whole journal is here
     */
    RestoredWorkload restore(ServiceReplica replica) {
        for (ServiceHistory.ReadyCheckpoint ready : replica.history().readyNewestFirst()) {
            if (!checkpoints.enabled() || !checkpoints.holds(ready)
                    || ready.body().markIndex() < replica.journal().floorIndex()) {
                continue;
            }
            try {
                return fromCheckpoint(ready.body());
            } catch (CheckpointDamagedException | CriuException e) {
                LOG.error("service {}: checkpoint {} cannot be used, trying an older one: {}", service.name(),
                        ready.body().markIndex(), e.getMessage(), e);
                Workload.killLeftover(stateFile, KILL_TIMEOUT_MS);
                forgetConnections.run();
            }
        }
        if (replica.journal().floorIndex() > 0) {
            throw new IllegalStateException("no checkpoint on this node can be used, and its journal begins behind entry "
                    + replica.journal().floorIndex() + ", too late to replay everything");
        }
        return afresh();
    }

    private RestoredWorkload fromCheckpoint(EntryBodies.Ready ready) {
        VerifiedCheckpoint checkpoint = checkpoints.verified(ready);
        Workload.killLeftover(stateFile, KILL_TIMEOUT_MS);
        service.workload().dataDirectories().forEach(this::markUsed);
        return RestoredWorkload.of(checkpoint, spec(), stateFile, checkpoints.criu(), TABLE_CAPACITY);
    }

    private RestoredWorkload afresh() {
        Workload.killLeftover(stateFile, KILL_TIMEOUT_MS);
        service.workload().dataDirectories().forEach(this::setAside);
        Workload workload = Workload.start(spec(), stateFile);
        if (!workload.awaitReady(service.workload().readyTimeoutMs())) {
            workload.kill(KILL_TIMEOUT_MS);
            throw new IllegalStateException(service.workload().command().get(0) + " was not ready within "
                    + service.workload().readyTimeoutMs() + " ms (workload.readyPort " + service.workload().readyPort()
                    + ")");
        }
        return new RestoredWorkload(workload, 0, new ConnectionTable(TABLE_CAPACITY), List.of(), "afresh");
    }

    /**
     * A fresh workload that is given the whole journal must begin with nothing. What an earlier one left in its data
     * directory is moved into a directory of its own beside it, never deleted.
     */
    private void setAside(Path directory) {
        try (Stream<Path> found = Files.list(directory)) {
            List<Path> files = found.toList();
            if (files.isEmpty() || !Files.exists(usedMarker(directory))) {
                markUsed(directory);
                return;
            }
            Path aside = Files.createTempDirectory(usedMarker(directory).getParent(), "set-aside-");
            for (Path file : files) {
                move(file, aside.resolve(file.getFileName()));
            }
            LOG.warn("service {}: what an earlier workload left in {} is in {} now", service.name(), directory, aside);
        } catch (IOException e) {
            throw new UncheckedIOException("data directory " + directory + " cannot be emptied", e);
        }
    }

    private void markUsed(Path directory) {
        try {
            Files.createDirectories(usedMarker(directory).getParent());
            Files.writeString(usedMarker(directory), directory + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot note that " + directory + " is in use", e);
        }
    }

    /** Across file systems too: a data directory is often a mount of its own. */
    private static void move(Path from, Path to) throws IOException {
        Process process = new ProcessBuilder("mv", "--", from.toString(), to.toString()).inheritIO().start();
        try {
            if (process.waitFor() != 0) {
                throw new IOException("mv " + from + " " + to + " ended with " + process.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** There once a workload of this service has run here: from then on the directory's content is the workload's. */
    private Path usedMarker(Path directory) {
        return stateFile.resolveSibling("data-used").resolve(directory.toString().substring(1).replace('/', '_'));
    }

    private WorkloadSpec spec() {
        WorkloadConfig config = service.workload();
        return new WorkloadSpec(config.command(), config.workingDirectory(), config.dataDirectories(),
                config.environment(), config.readyPort(), STOP_TIMEOUT_MS);
    }
}
