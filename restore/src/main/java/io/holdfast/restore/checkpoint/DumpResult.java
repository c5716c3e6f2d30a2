package io.holdfast.restore.checkpoint;

/**
 * How long a dump took, from the caller's word to go.
 *
 * @param dumpMicros   until the image was written; the workload stands still from soon after the start of this
 * @param copyMicros   what the caller did while the workload stood still
 * @param resumeMicros until CRIU had let the workload go and ended
 */
public record DumpResult(long dumpMicros, long copyMicros, long resumeMicros) {
    public long totalMicros() {
        return dumpMicros + copyMicros + resumeMicros;
    }
}
