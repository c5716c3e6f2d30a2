package io.holdfast.benchmarks;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One figure of ours beside the same figure of something else, from the same run.
 *
 * @param params what the figure depends on, in the order to show it
 * @param baselineName what {@code baseline} was measured on
 */
public record BenchResult(String name, Map<String, Object> params, String unit, double ours, double baseline,
        String baselineName) {

    public BenchResult {
        params = Collections.unmodifiableMap(new LinkedHashMap<>(params));
    }

    /** Ours as a part of the baseline. Whether more is better is a matter of the unit. */
    @JsonProperty
    public double ratio() {
        return ours / baseline;
    }
}
