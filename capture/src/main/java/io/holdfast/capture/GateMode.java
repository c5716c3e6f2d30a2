package io.holdfast.capture;

/** What the gate does with packets for the virtual address. */
public enum GateMode {
    /** Everything is dropped: what is held, what waits in the kernel, what comes. A standby. */
    SHUT,
    /** Packets are offered and held; none is released, committed or not. A node taking over. */
    HOLD,
    /** Packets are offered and released once committed. The primary. */
    OPEN,
    /** No new packet is taken off the kernel's queue; those taken before are released once committed. A mark. */
    PAUSED
}
