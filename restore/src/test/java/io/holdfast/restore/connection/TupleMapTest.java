package io.holdfast.restore.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class TupleMapTest {
    /** @param value 0 removes, -1 removes every odd value */
    record Step(long client, long server, int value) {
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Long> endpoint = Arbitraries.longs().between(0, 40).map(n -> n * 1_000_003);
        return Combinators.combine(endpoint, Arbitraries.longs().between(0, 3), Arbitraries.integers().between(-1, 60))
                .as(Step::new).list().ofMaxSize(600);
    }

    @Property(tries = 300)
    void doesWhatAHashMapDoes(@ForAll("steps") List<Step> steps) {
        TupleMap<Integer> map = new TupleMap<>();
        Map<List<Long>, Integer> model = new HashMap<>();
        for (Step step : steps) {
            List<Long> key = List.of(step.client, step.server);
            if (step.value == 0) {
                assertThat(map.remove(step.client, step.server)).isEqualTo(model.remove(key));
            } else if (step.value == -1) {
                int before = model.size();
                model.values().removeIf(value -> value % 2 == 1);
                assertThat(map.removeIf(value -> value % 2 == 1)).isEqualTo(before - model.size());
            } else {
                assertThat(map.put(step.client, step.server, step.value)).isEqualTo(model.put(key, step.value));
            }
            assertThat(map.size()).isEqualTo(model.size());
        }
        model.forEach((key, value) -> assertThat(map.get(key.get(0), key.get(1))).isEqualTo(value));
        int[] visited = new int[1];
        map.forEach(value -> visited[0]++);
        assertThat(visited[0]).isEqualTo(model.size());
    }
}
