package io.holdfast.cli.inspect.connections;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class InboundStreamTest {
    private static final int FIRST = 1000;

    private final ByteArrayOutputStream read = new ByteArrayOutputStream();
    private final InboundStream stream = new InboundStream(FIRST, new WaitingRoom(100, 10_000), read::write);

    private void add(int at, String bytes) {
        stream.add(FIRST + at, bytes.getBytes(StandardCharsets.US_ASCII), 0, bytes.length(), false);
    }

    private String text() {
        return read.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void repeatsAreTakenOnceAndTheFirstCopyCounts() {
        add(0, "abc");
        add(0, "XYZ");
        add(1, "BCde");
        assertThat(text()).isEqualTo("abcde");
        assertThat(stream.repeatedBytes()).isEqualTo(5);
    }

    @Test
    void whatComesEarlyWaits() {
        add(3, "def");
        assertThat(stream.waitingBytes()).isEqualTo(3);
        add(0, "abc");
        assertThat(text()).isEqualTo("abcdef");
        assertThat(stream.waitingBytes()).isZero();
    }

    @Test
    void inOrderWinsOverWhatWaits() {
        add(2, "CD");
        add(0, "abcde");
        assertThat(text()).isEqualTo("abcde");
        assertThat(stream.conflictingBytes()).isEqualTo(2);
    }

    @Test
    void ofTwoThatWaitTheEarlierStartWins() {
        add(2, "cdef");
        add(4, "EFgh");
        add(0, "ab");
        assertThat(text()).isEqualTo("abcdefgh");
        assertThat(stream.conflictingBytes()).isEqualTo(2);
    }

    @Test
    void oneWithinAnotherIsDroppedAndOneThatStartsWithItAndReachesFurtherReplacesIt() {
        add(2, "cdef");
        add(3, "DE");
        add(2, "CDEFG");
        add(0, "ab");
        assertThat(text()).isEqualTo("abCDEFG");
    }

    @Test
    void oneThatCoversThoseBehindItReplacesThem() {
        add(4, "ef");
        add(8, "ij");
        add(3, "DEFGHIJK");
        add(0, "abc");
        assertThat(text()).isEqualTo("abcDEFGHIJK");
    }

    @Test
    void segmentsThatTouchAreOne() {
        add(2, "cd");
        add(4, "ef");
        add(4, "EFg");
        add(0, "ab");
        assertThat(text()).as("the kernel has joined cd and ef, so ef is not replaced").isEqualTo("abcdefg");
    }

    @Test
    void sequenceNumbersWrap() {
        InboundStream wrapping = new InboundStream(-2, new WaitingRoom(10, 100), read::write);
        wrapping.add(1, "def".getBytes(StandardCharsets.US_ASCII), 0, 3, false);
        wrapping.add(-2, "abc".getBytes(StandardCharsets.US_ASCII), 0, 3, false);
        assertThat(text()).isEqualTo("abcdef");
    }

    @Test
    void theEndHoldsBackWhatComesBehindIt() {
        stream.add(FIRST + 3, new byte[0], 0, 0, true);
        assertThat(stream.isEnded()).isFalse();
        add(0, "abcdef");
        assertThat(text()).isEqualTo("abc");
        assertThat(stream.isEnded()).isTrue();
    }

    @Test
    void thereIsRoomForSoMuchAndNoMore() {
        for (int i = 0; i < 1_000; i++) {
            add(10 * i + 5, "x");
        }
        assertThat(stream.waitingBytes()).isEqualTo(100);
        assertThat(stream.droppedSegments()).isEqualTo(900);
        stream.drop();
        add(5, "x");
        assertThat(stream.waitingBytes()).isEqualTo(1);
    }

    /** However a stream is cut into segments, repeated and shuffled: it comes out as it was. */
    @Property(tries = 300)
    void anyOrderOfTrueCopiesGivesTheStream(@ForAll long seed, @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 30) Integer> cuts,
                                            @ForAll int first) {
        Random random = new Random(seed);
        byte[] sent = new byte[cuts.stream().mapToInt(Integer::intValue).sum()];
        random.nextBytes(sent);
        List<int[]> segments = new ArrayList<>();
        int at = 0;
        for (int length : cuts) {
            segments.add(new int[] {at, at + length});
            segments.add(new int[] {random.nextInt(at + length), Math.min(sent.length, at + length + random.nextInt(20))});
            at += length;
        }
        Collections.shuffle(segments, random);
        for (boolean keep : new boolean[] {true, false}) {
            ByteArrayOutputStream got = new ByteArrayOutputStream();
            InboundStream any = new InboundStream(first, new WaitingRoom(1_000, 1_000_000), keep ? got::write : null);
            segments.forEach(each -> any.add(first + each[0], sent, each[0], each[1] - each[0], false));
            assertThat(any.lengthBytes()).isEqualTo(sent.length);
            assertThat(any.waitingBytes()).isZero();
            assertThat(any.conflictingBytes()).isZero();
            if (keep) {
                assertThat(got.toByteArray()).isEqualTo(sent);
            }
        }
    }
}
