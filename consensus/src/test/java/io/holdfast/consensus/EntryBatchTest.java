package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

import org.junit.jupiter.api.Test;

class EntryBatchTest {
    @Test
    void whatIsAddedIsWalkedThrough() {
        EntryBatch batch = new EntryBatch();
        byte[] large = new byte[40_000];
        new Random(1).nextBytes(large);
        batch.add(3, false, "one".getBytes(), 0, 3);
        batch.add(4, true, large, 100, 39_000);
        byte[] payload = batch.toPayload();

        EntryBatch read = new EntryBatch();
        assertThat(read.wrap(payload, 0, payload.length)).isTrue();
        assertThat(read.count()).isEqualTo(2);
        assertThat(read.next()).isTrue();
        assertThat(read.term()).isEqualTo(3);
        assertThat(read.next()).isTrue();
        assertThat(read.internal()).isTrue();
        assertThat(Arrays.copyOfRange(read.buffer(), read.offset(), read.offset() + read.length()))
                .isEqualTo(Arrays.copyOfRange(large, 100, 39_100));
        assertThat(read.next()).isFalse();
    }

    @Test
    void neitherATruncatedNorARandomPayloadIsTaken() {
        EntryBatch batch = new EntryBatch();
        batch.add(3, false, new byte[100], 0, 100);
        byte[] payload = batch.toPayload();
        for (int length = 1; length < payload.length; length++) {
            assertThat(batch.wrap(payload, 0, length)).isFalse();
        }
        Random random = new Random(2);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            if (batch.wrap(bytes, 0, bytes.length)) {
                while (batch.next()) {
                    assertThat(batch.offset() + batch.length()).isLessThanOrEqualTo(bytes.length);
                }
            }
        }
    }
}
