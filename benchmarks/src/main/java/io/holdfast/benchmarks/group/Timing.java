package io.holdfast.benchmarks.group;

/** How fast members miss their leader. */
enum Timing {
    /** As in operation: Holdfast's defaults, and as short for the others as ran without false alarms. */
    SHARP,
    /** For measuring commits on a machine with fewer CPUs than members: a busy leader is no dead one. */
    PATIENT
}
