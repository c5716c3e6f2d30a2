package io.holdfast.capture;

/** What a {@link CaptureAgent} counts; every packet read ends in exactly one of the released, passed and dropped ones. */
public enum CaptureCount {
    /** Packets read from the kernel. */
    CAPTURED,
    /** Their bytes, IP headers included. */
    CAPTURED_BYTES,
    /** Packets the sink took. */
    TAKEN,
    /** Packets taken, committed and released into the local stack. */
    RELEASED,
    /** Packets neither TCP nor UDP, let through by an open gate without an entry. */
    PASSED,
    /** Dropped because the gate was shut, or was shut while they were held. */
    DROPPED_SHUT,
    /** Dropped because the IPv4, TCP or UDP header is not whole, or the packet too long for the kernel to show. */
    DROPPED_MALFORMED,
    /** Dropped because it is not for the virtual address, or neither TCP nor UDP while the gate is not open. */
    DROPPED_FOREIGN,
    /** Dropped because it is a fragment: the kernel's reassembly is not at work. */
    DROPPED_FRAGMENT,
    /** Dropped because a checksum is wrong: the stack would drop it too, and a replay must not revive it. */
    DROPPED_CHECKSUM,
    /** Dropped because the sink refused it. */
    DROPPED_REFUSED,
    /** Dropped because as many packets are held as there is room for. */
    DROPPED_FULL,
    /** Packets held right now; goes up and down. */
    HELD,
    /** Times the kernel reported that the socket's receive buffer had overflowed. */
    OVERRUNS,
    /** Verdicts on packets the kernel had dropped already, for instance because their interface went down. */
    LATE_VERDICTS
}
