package io.holdfast.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a benchmark has written for machines, with the names that others read it by. */
public final class ResultFile {
    private static final String[] FIELDS = {"name", "params", "unit", "ours", "baseline", "baselineName", "ratio"};

    private ResultFile() {
    }

    /** The results in the file, each of which is whole: every field there, every figure measured. */
    public static JsonNode results(Path json, String benchmark) throws IOException {
        JsonNode document = new ObjectMapper().readTree(json.toFile());
        assertThat(document.path("benchmark").asText()).isEqualTo(benchmark);
        assertThat(document.path("environment").path("cpus").asInt()).isPositive();
        JsonNode results = document.path("results");
        assertThat(results).isNotEmpty().allSatisfy(each -> {
            List<String> fields = new ArrayList<>();
            each.fieldNames().forEachRemaining(fields::add);
            assertThat(fields).containsExactlyInAnyOrder(FIELDS);
            assertThat(each.get("name").asText()).isEqualTo(benchmark);
            assertThat(each.get("params").isObject()).as("%s has params", each).isTrue();
            assertThat(each.get("params")).isNotEmpty();
            assertThat(each.get("unit").asText()).isNotEmpty();
            assertThat(each.get("baselineName").asText()).isNotEmpty();
            assertThat(each.get("ours").asDouble()).isPositive();
            assertThat(each.get("baseline").asDouble()).isPositive();
            double ratio = each.get("ours").asDouble() / each.get("baseline").asDouble();
            assertThat(each.get("ratio").asDouble()).isCloseTo(ratio, within(ratio / 1e6));
        });
        return results;
    }

    /** The distinct values of one field. */
    public static List<String> distinct(JsonNode results, String field) {
        List<String> values = new ArrayList<>();
        results.forEach(each -> values.add(each.get(field).asText()));
        return values.stream().distinct().toList();
    }
}
