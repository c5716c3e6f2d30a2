package io.holdfast.journal;

/** The entries of one term: {@code firstIndex} to {@code lastIndex} of the live branch. */
public record TermRun(long term, long firstIndex, long lastIndex) {
}
