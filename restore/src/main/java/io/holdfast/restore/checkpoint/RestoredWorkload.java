package io.holdfast.restore.checkpoint;

import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import java.nio.file.Path;
import java.util.List;

/**
 * The workload as it stands before replay. Immutable but for the table, which the replaying thread owns.
 *
 * @param workload   that runs
 * @param markIndex  of the image, 0 when it was started afresh
 * @param table      connections at the mark with the image's deltas, empty for a fresh workload
 * @param inFlight   connections at the mark that no process had accepted
 * @param what       for people
 */
public record RestoredWorkload(Workload workload, long markIndex, ConnectionTable table, List<InFlightConnection> inFlight,
                               String what) {
    /**
     * Makes the data directories what they were at the mark and brings the processes back. The network namespace is
     * the calling thread's, and must have the virtual address and no way out.
     *
     * @param stateFile     see {@link Workload#restore}
     * @param tableCapacity of the connection table
     */
    public static RestoredWorkload of(VerifiedCheckpoint checkpoint, WorkloadSpec spec, Path stateFile, Criu criu,
                                      int tableCapacity) {
        CheckpointSections sections = CheckpointSections.of(checkpoint.manifest());
        checkpoint.restoreDataDirectories(spec.dataDirectories());
        Workload workload = Workload.restore(spec, stateFile,
            (pidFile, started) -> criu.restore(checkpoint.imageDirectory(), pidFile, started).pid());
        return new RestoredWorkload(workload, checkpoint.markIndex(), ConnectionTable.of(sections.connections(), tableCapacity),
            sections.inFlight(), "from checkpoint " + checkpoint.markIndex());
    }
}
