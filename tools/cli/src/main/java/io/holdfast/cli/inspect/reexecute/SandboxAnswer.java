package io.holdfast.cli.inspect.reexecute;

/**
 * What the process in the sandbox says, as one line of JSON: one of the two.
 *
 * @param report  when it was done
 * @param failure one line for people, why it was not
 */
record SandboxAnswer(ReexecutionReport report, String failure) {
}
