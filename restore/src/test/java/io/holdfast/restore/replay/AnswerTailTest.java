package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class AnswerTailTest {
    /** The stream's byte at a place. */
    private static byte at(int place) {
        return (byte) (place * 31 + (place >> 8));
    }

    private static void append(AnswerTail tail, int first, int from, int count) {
        ByteBuffer packet = ByteBuffer.allocate(count + 7);
        for (int i = 0; i < count; i++) {
            packet.put(7 + i, at(from + i));
        }
        tail.append(first + from, packet, 7, count);
    }

    @Property(tries = 200)
    void keepsWhatIsNotAcknowledged(@ForAll int first, @ForAll long seed) {
        Random random = new Random(seed);
        AnswerTail tail = new AnswerTail();
        tail.begin(first);
        int sent = 0;
        int acknowledged = 0;
        for (int i = 0; i < 100; i++) {
            int again = random.nextInt(4) == 0 ? random.nextInt(sent - acknowledged + 1) : 0;
            int count = 1 + random.nextInt(3000);
            append(tail, first, sent - again, count);
            sent = Math.max(sent, sent - again + count);
            acknowledged += random.nextInt(sent - acknowledged + 1);
            tail.acknowledged(first + acknowledged);
            byte[] kept = tail.between(first + acknowledged, first + sent);
            assertThat(kept).hasSize(sent - acknowledged);
            for (int k = 0; k < kept.length; k++) {
                assertThat(kept[k]).isEqualTo(at(acknowledged + k));
            }
        }
    }

    @Example
    void saysWhenSomethingIsMissing() {
        AnswerTail tail = new AnswerTail();
        tail.begin(0);
        append(tail, 0, 0, 10);
        append(tail, 0, 20, 10); // 10 to 19 never seen
        assertThat(tail.between(0, 30)).isNull();
        assertThat(tail.between(20, 30)).hasSize(10);
        tail.acknowledged(20);
        assertThat(tail.between(20, 30)).hasSize(10);
        assertThat(tail.between(20, 31)).isNull();
    }
}
