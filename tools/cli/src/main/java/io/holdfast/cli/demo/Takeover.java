package io.holdfast.cli.demo;

import io.holdfast.cli.testbed.Fault;
import java.util.Map;

/**
 * One takeover as the demo saw it. Immutable.
 *
 * @param faultNanos when the fault was inflicted, System.nanoTime()
 * @param settledNanos when every connection had been answered again
 * @param noticedMs from the fault to the moment the new primary began its takeover
 * @param answeredMs from the fault to the answer that came last of all connections' first ones
 * @param longestGapMs the longest time any connection went without an answer because of it
 */
record Takeover(Fault fault, String oldPrimary, String newPrimary, long term, String reason, long faultNanos,
        long settledNanos, double noticedMs, Map<String, Double> stepsMs, Map<String, String> details,
        double answeredMs, double longestGapMs) {
}
