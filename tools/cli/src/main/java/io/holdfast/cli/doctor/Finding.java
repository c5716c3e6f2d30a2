package io.holdfast.cli.doctor;

/**
 * What one probe found. Immutable.
 *
 * @param detail what was seen, or why it does not work
 * @param remedy what the operator can do about it; empty when there is nothing to do
 */
public record Finding(Verdict verdict, String detail, String remedy) {

    /** How a capability stands. */
    public enum Verdict {
        /** It was tried and works. */
        OK,
        /** It does not work; a node runs without it and gives something up, which the detail names. */
        WARNING,
        /** It does not work and no node can run here. */
        FAIL
    }

    static Finding ok(String detail) {
        return new Finding(Verdict.OK, detail, "");
    }

    static Finding warning(String detail, String remedy) {
        return new Finding(Verdict.WARNING, detail, remedy);
    }

    static Finding fail(String detail, String remedy) {
        return new Finding(Verdict.FAIL, detail, remedy);
    }
}
