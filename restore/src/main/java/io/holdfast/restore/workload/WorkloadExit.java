package io.holdfast.restore.workload;

import java.util.OptionalInt;

/**
 * The end of a workload.
 *
 * @param pid    what its first process was
 * @param status exit code, or 128 plus the signal that ended it; unknown of a restored workload, whose parent is init
 */
public record WorkloadExit(long pid, OptionalInt status) {
}
