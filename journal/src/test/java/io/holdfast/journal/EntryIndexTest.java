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
    private static final int RECORD_BYTES = 60;
    /** With the header of the next document. */
    private static final int STEP_BYTES = 64;

    /** An entry of the model. */
    private record Placed(long term, long place) {
    }

    private final EntryIndex index = new EntryIndex();
    private final List<Placed> model = new ArrayList<>();
    private long place = 100;

    /** Each step appends entries of a term that may rise, some behind a gap, then may cut. */
    @Property
    void itAnswersAsAPlainListDoes(@ForAll @Size(max = 30) List<@IntRange(max = 999) Integer> steps) {
        EntryIndexTest one = new EntryIndexTest();
        Spot kept = new Spot();
        long term = 1;
        for (int step : steps) {
            term += step % 3;
            if (step % 4 == 0) {
                one.place += step;
            }
            one.append(step % 97, term);
            if (step % 5 == 0 && !one.model.isEmpty()) {
                one.cut(1 + step % one.model.size());
            }
            one.same(kept);
        }
    }

    @Test
    void itGrowsOverPages() {
        for (int i = 0; i < 4; i++) {
            append(100_000, i + 1);
        }
        assertFound(131_072, new Spot());
        assertFound(131_073, new Spot());
        assertThat(index.termAt(100_000)).isEqualTo(1);
        assertThat(index.termAt(100_001)).isEqualTo(2);
        assertThat(index.termAt(400_001)).isZero();
        index.raiseFloor(299_999, 3);
        assertThat(index.find(299_999, new Spot())).isFalse();
        assertFound(300_000, new Spot());
        assertFound(399_999, new Spot());
        assertThat(index.ordinal(300_000)).isZero();
    }

    @Test
    void whatWasFoundBeforeACutIsNotUsedBehindIt() {
        append(10, 1);
        Spot spot = new Spot();
        assertThat(index.find(10, spot)).isTrue();
        spot.move(10, model.get(9).place());
        cut(5);
        place += 1_000;
        append(10, 2);
        assertThat(index.find(11, spot)).isTrue();
        assertThat(spot.index()).isEqualTo(5);
        assertThat(spot.place()).isEqualTo(model.get(4).place());
    }

    private void append(int count, long term) {
        for (int i = 0; i < count; i++) {
            model.add(new Placed(term, place));
            index.append(term, place, RECORD_BYTES);
            place += STEP_BYTES;
        }
    }

    private void cut(int from) {
        model.subList(from - 1, model.size()).clear();
        index.cut(from);
    }

    private void same(Spot kept) {
        assertThat(index.last()).isEqualTo(model.size());
        assertThat(index.first()).isEqualTo(model.isEmpty() ? 0 : 1);
        for (int i = 1; i <= model.size(); i++) {
            assertThat(index.termAt(i)).isEqualTo(model.get(i - 1).term());
            assertFound(i, new Spot());
            assertFound(i, kept);
        }
        assertThat(index.termAt(0)).isZero();
        assertThat(index.termAt(model.size() + 1)).isZero();
        assertThat(index.find(model.size() + 1, new Spot())).isFalse();
    }

    /** From where the spot is set, records without a gap lead to the entry. */
    private void assertFound(int entry, Spot spot) {
        assertThat(index.find(entry, spot)).isTrue();
        assertThat(entry - spot.index()).isBetween(0L, EntryIndex.MARKED_ENTRIES - 1L);
        assertThat(spot.place() + (entry - spot.index()) * STEP_BYTES).isEqualTo(model.get(entry - 1).place());
        spot.move(entry, model.get(entry - 1).place());
    }
}
