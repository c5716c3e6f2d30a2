package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import io.holdfast.consensus.security.ClusterTraffic;

/**
 * A process whose JDK renews the keys of TLS after few bytes, a setting read once in its life: two ends send each other
 * messages, both at once, and compare what arrives.
 */
public final class KeyUpdateProcess {
    static final int ROUNDS = 40;
    static final int ROUND_BYTES = 400_000;
    private static final int[] LENGTHS = {10, 300, 1_400, 16_384, 150_000};

    private KeyUpdateProcess() {
    }

    public static void main(String[] arguments) throws Exception {
        ClusterTraffic traffic = TestTraffic.another();
        Random random = new Random(7);
        try (LinkEnd one = new LinkEnd(traffic); LinkEnd other = new LinkEnd(traffic)) {
            for (int round = 0; round < ROUNDS; round++) {
                List<byte[]> there = messages(random);
                List<byte[]> back = messages(random);
                for (int i = 0; i < Math.max(there.size(), back.size()); i++) {
                    send(one, other, there, i);
                    send(other, one, back, i);
                }
                take(other, there, one);
                take(one, back, other);
            }
            if (!one.closed.isEmpty() || !other.closed.isEmpty()) {
                throw new IllegalStateException("a connection ended");
            }
        }
        System.out.println("all arrived");
    }

    private static List<byte[]> messages(Random random) {
        List<byte[]> messages = new ArrayList<>();
        for (int bytes = 0; bytes < ROUND_BYTES; ) {
            byte[] message = new byte[LENGTHS[random.nextInt(LENGTHS.length)]];
            random.nextBytes(message);
            messages.add(message);
            bytes += message.length;
        }
        return messages;
    }

    private static void send(LinkEnd from, LinkEnd to, List<byte[]> messages, int at) {
        if (at < messages.size()) {
            TestCluster.eventually().until(() -> from.send(to.place, messages.get(at)));
        }
    }

    private static void take(LinkEnd at, List<byte[]> sent, LinkEnd from) {
        TestCluster.eventually().until(() -> at.received.size() == sent.size() || at.failure() != null || from.failure() != null);
        if (at.failure() != null || from.failure() != null || !sorted(at.received).equals(sorted(sent))) {
            throw new IllegalStateException("what arrived is not what was sent: " + at.received.size() + " of " + sent.size(),
                    at.failure() != null ? at.failure() : from.failure());
        }
        at.received.clear();
    }

    /** Where both have dialed at once, a message on the one connection may overtake one on the other. */
    private static List<String> sorted(List<byte[]> messages) {
        return messages.stream().map(m -> m.length + " " + Arrays.hashCode(m)).sorted().toList();
    }
}
