package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.holdfast.journal.Durability;
import io.holdfast.journal.JournalOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/**
 * Seeded faults of everything the group stands on: see {@link Disturbances} for what goes wrong and {@link Promises} for
 * what must hold all the same. Each seed is a simulation of its own, in its own time and on one thread. 1,000 seeds; more with
 * {@code -Dholdfast.simulation.seeds=20000}, one alone, with the log of what happened, with
 * {@code -Dholdfast.simulation.seed=7}.
 */
@Timeout(value = 3600, unit = TimeUnit.SECONDS)
class FaultSimulationTest {
    private static final long MS = SimulatedGroup.MS;
    private static final int ROUNDS = 40;
    /** In memory, where there is some: journals are opened and closed a hundred thousand times. */
    private static final Path MEMORY = Path.of("/dev/shm");

    @Test
    void keepsEveryPromiseUnderEveryFault() throws Exception {
        Long one = Long.getLong("holdfast.simulation.seed");
        long[] seeds = one != null ? new long[] {one}
                : LongStream.range(0, Integer.getInteger("holdfast.simulation.seeds", 1000)).map(i -> 20260101 + i).toArray();
        Logger logger = (Logger) LoggerFactory.getLogger("io.holdfast");
        Level before = logger.getLevel();
        logger.setLevel(one != null ? before : Level.OFF);
        Path directory = Files.createTempDirectory(Files.isWritable(MEMORY) ? MEMORY : Path.of(System.getProperty("java.io.tmpdir")),
                "simulation");
        ExecutorService threads = Executors.newFixedThreadPool(one != null ? 1 : Runtime.getRuntime().availableProcessors());
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (long seed : seeds) {
                runs.add(threads.submit(() -> simulate(seed, directory)));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            threads.shutdownNow();
            threads.awaitTermination(60, TimeUnit.SECONDS);
            logger.setLevel(before);
            delete(directory);
        }
    }

    private static Void simulate(long seed, Path directory) throws IOException {
        Path own = Files.createDirectory(directory.resolve(Long.toString(seed)));
        try {
            run(seed, own);
            return null;
        } catch (Throwable t) {
            throw new AssertionError("seed " + seed + " fails; again, with its log: ./holdfast test -pl consensus -am "
                    + "-Dtest=FaultSimulationTest -Dsurefire.failIfNoSpecifiedTests=false -Dholdfast.simulation.seed=" + seed
                    + "\n" + t.getMessage(), t);
        } finally {
            delete(own);
        }
    }

    private static void run(long seed, Path directory) {
        int size = seed % 4 == 0 ? 5 : 3;
        JournalOptions options = JournalOptions.DEFAULT.withBlockBytes(1 << 20).withRollBytes(1 << 20)
                .withDurability(seed % 3 == 0 ? Durability.PROCESS : Durability.DISK);
        UnaryOperator<GroupConfig> settings = seed % 2 == 0 ? c -> c : c -> c.withWindow(4096, 1024);
        try (SimulatedGroup group = new SimulatedGroup(seed, size, directory, options, settings)) {
            Random random = group.random();
            Disturbances disturbances = new Disturbances(group);
            int bodyBytes = seed % 5 == 0 ? 2000 : 20;
            for (int round = 0; round < ROUNDS; round++) {
                disturbances.next();
                // Without new entries a member that was cut off is as up to date as the others.
                boolean quiet = random.nextInt(4) == 0;
                for (int i = 0; i < 20; i++) {
                    (quiet ? List.<SimulatedMember>of() : group.present()).forEach(m -> proposeSome(group, m, random, bodyBytes));
                    group.run((1 + random.nextInt(10)) * MS);
                }
            }
            group.heal();
            assertThat(group.runUntil(group::settled, 20_000 * MS))
                    .as("a leader and equal journals after the faults end; leaders %s", group.promises().leaders).isTrue();
            group.run(500 * MS);
            long before = group.promises().committedCount();
            for (int i = 0; i < 20; i++) {
                group.propose(group.leader(), bodyBytes);
            }
            assertThat(group.runUntil(() -> group.settled() && group.promises().committedCount() >= before + 20, 20_000 * MS))
                    .as("what is proposed in peace is committed everywhere").isTrue();
            assertThat(group.promises().leaseCount()).isPositive();
        }
    }

    private static void proposeSome(SimulatedGroup group, SimulatedMember member, Random random, int bodyBytes) {
        for (int i = random.nextInt(8); i > 0; i--) {
            group.propose(member, random.nextInt(bodyBytes));
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
