package io.holdfast.cli.inspect.reexecute;

/**
 * What the process in the sandbox is asked to do; immutable. Travels as one line of JSON.
 *
 * @param markIndex the checkpoint to begin with
 * @param lastIndex last entry to give; 0: as far as the group had committed
 * @param speed     times as fast as recorded; 0: as fast as the workload takes it
 * @param pcapName  name of the file to write in the sandbox's output directory; null: none
 * @param criu      path of the CRIU command
 * @param stay      whether the workload is left running at the end, until standard input ends
 */
record SandboxRequest(long markIndex, long lastIndex, double speed, String pcapName, String criu, boolean stay) {
}
