package io.holdfast.benchmarks.group;

/**
 * What one member tells of itself, or the worst of several.
 *
 * @param silenceNanos the leader was not heard for so long at most, since this was asked last
 * @param pauseMs      the longest pause for a garbage collection since then
 */
record Vitals(long term, long silenceNanos, long pauseMs) {
    static final Vitals NONE = new Vitals(0, 0, 0);

    String text() {
        return term + " " + silenceNanos + " " + pauseMs;
    }

    static Vitals parse(String[] words, int from) {
        return new Vitals(Long.parseLong(words[from]), Long.parseLong(words[from + 1]), Long.parseLong(words[from + 2]));
    }

    Vitals worst(Vitals other) {
        return new Vitals(Math.max(term, other.term), Math.max(silenceNanos, other.silenceNanos), Math.max(pauseMs, other.pauseMs));
    }
}
