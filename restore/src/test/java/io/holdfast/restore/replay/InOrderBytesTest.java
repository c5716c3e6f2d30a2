package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class InOrderBytesTest {
    @Example
    void countsAcrossOneGapThatIsFilledLater() {
        InOrderBytes bytes = new InOrderBytes();
        bytes.begin(-10);
        bytes.add(-10, -5);
        bytes.add(0, 5);
        bytes.add(5, 20);
        assertThat(bytes.count()).isEqualTo(5);
        bytes.add(-5, 0);
        assertThat(bytes.count()).isEqualTo(30);
        bytes.add(-10, -5); // again
        assertThat(bytes.count()).isEqualTo(30);
    }

    @Property
    void neverCountsMoreThanThereIs(@ForAll int first, @ForAll @Size(max = 30) List<@IntRange(max = 40) Integer> starts) {
        InOrderBytes bytes = new InOrderBytes();
        bytes.begin(first);
        BitSet model = new BitSet();
        for (int start : starts) {
            bytes.add(first + start, first + start + 5);
            model.set(start, start + 5);
            assertThat(bytes.count()).isLessThanOrEqualTo(model.nextClearBit(0));
        }
    }

    @Property
    void countsAllThatComesInOrder(@ForAll int first, @ForAll @Size(max = 30) List<@IntRange(min = 1, max = 2000) Integer> lengths) {
        InOrderBytes bytes = new InOrderBytes();
        bytes.begin(first);
        int at = first;
        for (int length : lengths) {
            bytes.add(at, at + length);
            at += length;
        }
        assertThat(bytes.count()).isEqualTo(at - first);
    }
}
