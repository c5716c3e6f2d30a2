package io.holdfast.node.service;

import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.InFlightConnection;
import io.holdfast.restore.workload.Workload;

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
record RestoredWorkload(Workload workload, long markIndex, ConnectionTable table, List<InFlightConnection> inFlight,
                        String what) {
}
