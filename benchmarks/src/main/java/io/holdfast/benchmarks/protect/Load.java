package io.holdfast.benchmarks.protect;

import org.HdrHistogram.Histogram;

/** What a client saw: how many requests were answered in which time, and how long each took, in nanoseconds. */
record Load(long answered, long nanos, Histogram latency) {

    double perSecond() {
        return answered * 1e9 / nanos;
    }

    double micros(double percentile) {
        return latency.getValueAtPercentile(percentile) / 1e3;
    }
}
