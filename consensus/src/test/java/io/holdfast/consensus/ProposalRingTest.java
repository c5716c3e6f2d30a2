package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ProposalRingTest {
    @Test
    void takesNothingUnlessOpen() {
        ProposalRing ring = new ProposalRing(1 << 16, 10);
        assertThat(ring.offer(new byte[20], 0, 20)).isFalse();
        assertThat(ring.propose(new byte[20])).isNull();
        ring.open();
        assertThat(ring.offer(new byte[20], 0, 20)).isTrue();
        ring.close();
        assertThat(ring.offer(new byte[20], 0, 20)).isFalse();
        assertThat(ring.isEmpty()).as("what was not taken is forgotten").isTrue();
        assertThat(ring.inFlight()).isZero();
    }

    @Test
    void countsUntilSettledAndRefusesAboveTheBound() {
        ProposalRing ring = new ProposalRing(1 << 16, 2);
        ring.open();
        assertThat(ring.offer(new byte[1], 0, 1)).isTrue();
        assertThat(ring.offer(new byte[1], 0, 1)).isTrue();
        assertThat(ring.offer(new byte[1], 0, 1)).isFalse();
        take(ring);
        assertThat(ring.offer(new byte[1], 0, 1)).as("taken is still in flight").isFalse();
        ring.settle(1);
        assertThat(ring.offer(new byte[1], 0, 1)).isTrue();
        assertThat(ring.inFlight()).isEqualTo(2);
    }

    @Test
    void refusesWhenFullAndGoesOnWhenEmptied() {
        ProposalRing ring = new ProposalRing(1 << 16, Integer.MAX_VALUE);
        ring.open();
        byte[] command = new byte[10_000];
        int taken = 0;
        while (ring.offer(command, 0, command.length)) {
            taken++;
        }
        assertThat(taken).isEqualTo(6);
        assertThat(take(ring)).isEqualTo(command);
        assertThat(take(ring)).isEqualTo(command);
        assertThat(ring.offer(command, 0, command.length)).isTrue();
    }

    @Test
    void whoWaitsIsHandedOutWithItsCommandOrFailedByTheCaller() {
        ProposalRing ring = new ProposalRing(1 << 16, 10);
        ring.open();
        ring.offer(new byte[4], 0, 4);
        CompletableFuture<Long> first = ring.propose(new byte[5]);
        ring.offer(new byte[6], 0, 6);
        CompletableFuture<Long> second = ring.propose(new byte[7]);
        assertThat(ring.peek()).isTrue();
        assertThat(ring.take()).isNull();
        assertThat(ring.peek()).isTrue();
        assertThat(ring.length()).isEqualTo(5);
        assertThat(ring.take()).isSameAs(first);
        assertThat(ring.close()).containsExactly(second);
    }

    @Test
    void keepsBytesAndOrderFromSeveralThreadsOverManyLaps() throws Exception {
        ProposalRing ring = new ProposalRing(1 << 16, Integer.MAX_VALUE);
        ring.open();
        int each = 50_000;
        List<Thread> producers = new ArrayList<>();
        for (int p = 0; p < 2; p++) {
            int producer = p;
            producers.add(new Thread(() -> produce(ring, producer, each)));
        }
        producers.forEach(Thread::start);
        int[] next = new int[2];
        for (int i = 0; i < 2 * each; i++) {
            while (!ring.peek()) {
                Thread.onSpinWait();
            }
            ByteBuffer command = ByteBuffer.wrap(ring.buffer(), ring.offset(), ring.length());
            int producer = command.getInt();
            assertThat(command.getInt()).isEqualTo(next[producer]++);
            while (command.hasRemaining()) {
                assertThat(command.get()).isEqualTo((byte) producer);
            }
            ring.take();
        }
        for (Thread producer : producers) {
            producer.join();
        }
        assertThat(ring.isEmpty()).isTrue();
    }

    private static void produce(ProposalRing ring, int producer, int count) {
        Random random = new Random(producer);
        for (int i = 0; i < count; i++) {
            byte[] command = new byte[8 + random.nextInt(200)];
            java.util.Arrays.fill(command, (byte) producer);
            ByteBuffer.wrap(command).putInt(producer).putInt(i);
            while (!ring.offer(command, 0, command.length)) {
                Thread.onSpinWait();
            }
        }
    }

    private static byte[] take(ProposalRing ring) {
        assertThat(ring.peek()).isTrue();
        byte[] command = java.util.Arrays.copyOfRange(ring.buffer(), ring.offset(), ring.offset() + ring.length());
        ring.take();
        return command;
    }
}
