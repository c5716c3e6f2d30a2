package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.holdfast.consensus.ProcessCluster.Child;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A leader that is offered entries as fast as it takes them, while its followers are killed and started again in turn.
 * {@code -Dholdfast.soak.seconds=300} makes it as long as one likes; a minute takes about 4 gigabytes of disk.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class SoakTest {
    private static final long SECONDS = Long.getLong("holdfast.soak.seconds", 20);
    /** The group takes 8,192; what that commits in five minutes is 50 gigabytes. */
    private static final int IN_FLIGHT = Integer.getInteger("holdfast.soak.inFlight", 64);
    /** Longer than a busy machine stops a process: only faults of the test may cause elections. */
    private static final int PATIENT_MS = 1_000;
    /** Two of three always live: they may have to wait for a processor, not for the third. */
    private static final long LONGEST_GAP_MS = 5_000;
    /** In flight, and between the two questions. */
    private static final long ABREAST = 50_000;
    private static final int BODY_BYTES = 64;

    @TempDir
    Path directory;

    @Test
    void commitsGoOnAndReturningFollowersCatchUpUnderFullLoad() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(3, directory, PATIENT_MS)) {
            // The index takes a quarter of a byte an entry; whatever else grew with each would fill this heap.
            cluster.flags(List.of("-Xmx2g", "-XX:+ExitOnOutOfMemoryError"));
            cluster.startAll();
            Child leader = firstLeader(cluster);
            String term = status(leader)[2];
            leader.tell("flood " + BODY_BYTES + " " + IN_FLIGHT);
            long began = System.nanoTime();
            long deadline = began + TimeUnit.SECONDS.toNanos(SECONDS);
            int kills = 0;
            long slowestMs = 0;
            while (System.nanoTime() < deadline || kills < 3) {
                Child gone = cluster.others(leader).get(kills++ % 2);
                slowestMs = Math.max(slowestMs, killAndBringBack(cluster, leader, gone));
            }
            leader.tell("stop");
            String[] flooded = leader.await(0, l -> l.startsWith("flooded "), 20_000).split(" ");
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
            long gapMs = TimeUnit.NANOSECONDS.toMillis(Long.parseLong(flooded[2]));
            System.out.printf("soak: %d s, %s entries, %d followers killed and back, the slowest up to date %d ms after its "
                    + "start, longest time without a commit %d ms%n", seconds, flooded[1], kills, slowestMs, gapMs);
            assertThat(gapMs).isLessThan(LONGEST_GAP_MS);
            assertNobodyElseLed(cluster, leader, term);
            assertAllAlike(cluster);
        }
    }

    /** Returns how long the follower took from its start until it was abreast of the leader, which goes on meanwhile. */
    private static long killAndBringBack(ProcessCluster cluster, Child leader, Child gone) throws Exception {
        gone.signal("KILL");
        gone.process.waitFor();
        long before = committed(leader);
        eventually(() -> committed(leader) > before + 10_000);
        long started = System.nanoTime();
        Child back = cluster.start(gone.name);
        long goal = committed(leader);
        eventually(() -> committed(leader) - committed(back) < ABREAST && committed(back) >= goal);
        assertThat(leader.lines()).as("caught up while the load went on").noneMatch(l -> l.startsWith("flooded"));
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
    }

    private static void assertNobodyElseLed(ProcessCluster cluster, Child leader, String term) throws Exception {
        assertThat(leader.lines().stream().filter(l -> l.startsWith("leader "))).as("elections").hasSize(1);
        for (Child child : cluster.running()) {
            assertThat(status(child)[2]).as("term of " + child.name).isEqualTo(term);
            assertThat(status(child)[3]).as("leader of " + child.name).isEqualTo(leader.name);
        }
    }

    private static Child firstLeader(ProcessCluster cluster) throws Exception {
        Map<Child, Integer> fromTheBeginning = new LinkedHashMap<>();
        cluster.running().forEach(c -> fromTheBeginning.put(c, 0));
        return cluster.awaitLeader(fromTheBeginning, 30_000);
    }

    private static String[] status(Child child) throws Exception {
        return child.ask("status", "status ").split(" ");
    }

    private static long committed(Child child) throws Exception {
        return Long.parseLong(status(child)[5]);
    }

    /** The same entries were committed everywhere, byte for byte, and nothing is behind them. */
    private static void assertAllAlike(ProcessCluster cluster) {
        eventually(() -> {
            String first = null;
            for (Child child : cluster.running()) {
                String[] said = status(child);
                String held = said[4] + " " + said[5] + " " + said[6] + " " + said[7];
                if (first != null && !first.equals(held)) {
                    return false;
                }
                first = held;
            }
            return true;
        });
    }

    private static void eventually(Callable<Boolean> condition) {
        Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(120)).until(condition);
    }
}
