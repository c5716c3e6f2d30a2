package io.holdfast.restore.workload;

import java.util.OptionalInt;

/**
 * The end of a workload.
 *
 * @param pid    what its first process was
 * @param status exit code of unshare, which passes the workload's on, and is not 0 when a signal ended it; unknown of a
 *               restored workload, whose parent is init
 */
public record WorkloadExit(long pid, OptionalInt status) {
}
