package io.holdfast.cli.doctor;

/** One thing a node needs of its machine, and how to try it out. Stateless; any thread. */
interface Capability {

    /** As the operator reads it, a word or three. */
    String name();

    /** What to do when {@link #tryOut} fails. */
    String remedy();

    /**
     * Uses the capability for real; if it {@link #usesNetwork}, in the calling thread's network namespace, which is
     * thrown away afterwards.
     *
     * @return what was seen
     * @throws io.holdfast.capture.linux.SystemCallException if the kernel refuses
     * @throws io.holdfast.cli.testbed.TestbedException if a program fails or is missing
     * @throws CapabilityException if it answers and the answer is not the expected one
     */
    String tryOut();

    /** Whether it leaves something in its network namespace. */
    default boolean usesNetwork() {
        return true;
    }

    /** What its absence means to a node. */
    default Finding absent(String reason) {
        return Finding.fail(reason, remedy());
    }
}
