package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
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
        spot.move(11, model.get(9).place() + STEP_BYTES);
        cut(5);
        place += 1_000;
        append(10, 2);
        assertThat(index.find(11, spot)).isTrue();
        assertThat(spot.index()).isEqualTo(5);
        assertThat(spot.place()).isEqualTo(model.get(4).place());
    }

    /** Between finding a place and reading there; the place may be one of the new branch that leads beyond its end. */
    @Test
    void aReaderOvertakenByACutLooksAgain() {
        append(100, 1);
        List<Long> indices = new ArrayList<>();
        boolean read = index.read(90, (spot, entry, into) -> {
            indices.add(spot.index());
            if (indices.size() == 1) {
                cut(80);
                place += 1_000;
                append(20, 2);
                throw new JournalException(Path.of("file"), 0, "no record here");
            }
            return true;
        }, new JournalEntry());
        assertThat(read).isTrue();
        assertThat(indices).containsExactly(64L, 80L);
    }

    @Test
    void damageIsToldAndNotLookedForAgain() {
        append(100, 1);
        assertThatThrownBy(() -> index.read(90, (spot, entry, into) -> {
            throw new JournalException(Path.of("file"), 0, "no record here");
        }, new JournalEntry())).hasMessageContaining("no record here");
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
        spot.move(entry + 1, model.get(entry - 1).place() + STEP_BYTES);
    }
}
