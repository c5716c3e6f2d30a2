package io.holdfast.journal;

import java.nio.file.Path;

/**
 * Something in a journal that its rules do not allow.
 *
 * @param rule        what it breaks, in the words of {@code docs/inspect.md}
 * @param file        where
 * @param offsetBytes byte in that file, -1 when it is about the file as a whole
 * @param index       entry it concerns, or the last one before it; 0 when there is none
 * @param what        one line for people
 */
public record Violation(String rule, Path file, long offsetBytes, long index, String what) {
}
