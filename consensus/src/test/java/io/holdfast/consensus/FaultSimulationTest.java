package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Seeded faults: crashes, pauses, cut links in one or both directions, delay, loss, duplication and reordering, clocks
 * that drift. More seeds with {@code -Dholdfast.simulation.seeds=1000}, one alone with {@code -Dholdfast.simulation.seed=7}.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class FaultSimulationTest {
    private static final long MS = SimulatedGroup.MS;

    @TempDir
    Path directory;

    static long[] seeds() {
        Long one = Long.getLong("holdfast.simulation.seed");
        if (one != null) {
            return new long[] {one};
        }
        return new Random(20260101).longs(Integer.getInteger("holdfast.simulation.seeds", 20), 1, 1_000_000).toArray();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void keepsRaftsPromisesAndTheLeaseBound(long seed) {
        int size = seed % 4 == 0 ? 5 : 3;
        UnaryOperator<GroupConfig> settings = seed % 2 == 0 ? c -> c : c -> c.withWindow(4096, 1024);
        try (SimulatedGroup group = new SimulatedGroup(seed, size, directory, settings)) {
            Random random = group.random;
            for (int round = 0; round < 40; round++) {
                disturb(group, random);
                for (int i = 0; i < 20; i++) {
                    group.nodes.forEach(n -> proposeSome(group, n, random));
                    group.run((1 + random.nextInt(10)) * MS);
                }
            }
            group.heal();
            assertThat(group.runUntil(() -> group.leader() != null && settled(group), 20_000 * MS))
                    .as("a leader and equal journals after the faults end; leaders %s", group.leaders).isTrue();
            group.run(500 * MS);
            group.checkSameJournals();
            group.checkLeaseBounds();
            assertThat(group.applied).hasSizeGreaterThan(10);
            assertThat(group.nodes).allSatisfy(n -> assertThat(n.failure).isNull());
        }
    }

    private static void proposeSome(SimulatedGroup group, SimulatedGroup.Node node, Random random) {
        for (int i = random.nextInt(8); i > 0; i--) {
            group.propose(node);
        }
    }

    private static boolean settled(SimulatedGroup group) {
        return group.nodes.stream().allMatch(n -> n.up() && n.raft.lastAppended() == group.leader().raft.lastAppended()
                && n.raft.committed() == n.raft.lastAppended());
    }

    private static void disturb(SimulatedGroup group, Random random) {
        SimulatedGroup.Node node = random.nextInt(3) == 0 && group.leader() != null ? group.leader()
                : group.nodes.get(random.nextInt(group.nodes.size()));
        switch (random.nextInt(10)) {
            case 0, 1 -> {
                if (node.up()) {
                    group.crash(node, random.nextLong(800 * MS));
                }
            }
            case 2 -> group.pause(node, random.nextLong(600 * MS));
            case 3 -> group.isolate(node);
            case 4 -> group.cut(node.number, random.nextInt(group.nodes.size()));
            case 5 -> group.loss = random.nextDouble() * 0.3;
            case 6 -> group.duplication = random.nextDouble() * 0.3;
            case 7 -> {
                group.reorder = random.nextBoolean();
                group.maxDelay = 1 + random.nextLong(60 * MS);
            }
            default -> group.heal();
        }
    }
}
