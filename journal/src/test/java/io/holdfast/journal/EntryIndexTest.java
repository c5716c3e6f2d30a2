package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class EntryIndexTest {
    /** Each step appends a few entries of a term that may rise, then may cut. */
    @Property
    void itAnswersAsAPlainListDoes(@ForAll @Size(max = 30) List<@IntRange(max = 999) Integer> steps) {
        EntryIndex index = new EntryIndex();
        List<long[]> model = new ArrayList<>();
        long term = 1;
        for (int step : steps) {
            term += step % 3;
            for (int i = 0; i < step % 7; i++) {
                model.add(new long[] {term, step * 100L + i});
                index.append(term, step * 100L + i);
            }
            if (step % 5 == 0 && !model.isEmpty()) {
                int from = 1 + step % model.size();
                model.subList(from - 1, model.size()).clear();
                index.cut(from);
            }
            same(index, model);
        }
    }

    @Test
    void itGrowsOverPages() {
        EntryIndex index = new EntryIndex();
        for (long i = 1; i <= 200_000; i++) {
            index.append(i / 50_000 + 1, i * 3);
        }
        assertThat(index.place(65_536)).isEqualTo(65_536 * 3);
        assertThat(index.place(65_537)).isEqualTo(65_537 * 3);
        assertThat(index.termAt(49_999)).isEqualTo(1);
        assertThat(index.termAt(50_000)).isEqualTo(2);
        assertThat(index.termAt(200_001)).isZero();
    }

    private static void same(EntryIndex index, List<long[]> model) {
        assertThat(index.last()).isEqualTo(model.size());
        assertThat(index.first()).isEqualTo(model.isEmpty() ? 0 : 1);
        for (int i = 0; i < model.size(); i++) {
            assertThat(index.termAt(i + 1)).isEqualTo(model.get(i)[0]);
            assertThat(index.place(i + 1)).isEqualTo(model.get(i)[1]);
        }
        assertThat(index.termAt(0)).isZero();
        assertThat(index.termAt(model.size() + 1)).isZero();
    }
}
