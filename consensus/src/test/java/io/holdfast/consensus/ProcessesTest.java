package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.holdfast.consensus.ProcessCluster.Child;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members as processes: killed with {@code kill -9} in the middle of their work, frozen, started again. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ProcessesTest {
    /** Longer than a busy machine stops a process: only faults of the test may cause elections. */
    private static final int PATIENT_MS = 1_000;
    private static final long NANOS_PER_MS = 1_000_000;

    @TempDir
    Path directory;

    @Test
    void killedLeadersAreReplacedAndComeBack() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(3, directory, PATIENT_MS)) {
            cluster.startAll();
            Child leader = firstLeader(cluster);
            for (int round = 0; round < 3; round++) {
                leader.tell("offer 200000 200"); // dies in the middle of it
                Child dying = leader;
                List<Child> others = cluster.others(dying);
                Map<Child, Integer> said = cluster.saidSoFar(others);
                long before = committed(others.get(0));
                eventually(() -> committed(others.get(0)) > before + 1000);
                long killed = System.nanoTime();
                dying.signal("KILL");
                leader = cluster.awaitLeader(said, 10_000);
                long elected = leadsSince(leader, said.get(leader));
                assertThat(elected - killed).as("from kill to the first entry of the next").isLessThan(3_000 * NANOS_PER_MS);
                dying.process.waitFor();
                cluster.start(dying.name);
                leader.ask("offer 1000 200", "offered 1000");
                assertAllAlike(cluster);
            }
        }
    }

    @Test
    void aFrozenLeaderIsReplacedAndFollowsWhenItThaws() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(3, directory, PATIENT_MS)) {
            cluster.startAll();
            Child frozen = firstLeader(cluster);
            frozen.ask("offer 1000 200", "offered");
            Map<Child, Integer> said = cluster.saidSoFar(cluster.others(frozen));
            int saidByFrozen = frozen.said();
            frozen.signal("STOP");
            try {
                Child next = cluster.awaitLeader(said, 10_000);
                next.ask("offer 50000 200", "offered 50000");
            } finally {
                frozen.signal("CONT");
            }
            frozen.await(saidByFrozen, l -> l.startsWith("follower "), 10_000);
            assertAllAlike(cluster);
        }
    }

    @Test
    void aFollowerThatMissedMuchCatchesUpUnderLoad() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(3, directory, PATIENT_MS)) {
            cluster.startAll();
            Child leader = firstLeader(cluster);
            Child gone = cluster.others(leader).get(0);
            gone.signal("KILL");
            gone.process.waitFor();
            leader.ask("offer 100000 200", "offered");
            leader.tell("pace 2000 200");
            Child back = cluster.start(gone.name);
            eventually(() -> committed(leader) - committed(back) < 500 && committed(back) > 100_000);
            assertThat(leader.lines()).as("caught up while the load went on").noneMatch(l -> l.startsWith("paced"));
            leader.tell("stop");
            leader.await(0, l -> l.startsWith("paced "), 20_000);
            assertAllAlike(cluster);
        }
    }

    private static Child firstLeader(ProcessCluster cluster) throws Exception {
        Map<Child, Integer> fromTheBeginning = new LinkedHashMap<>();
        cluster.running().forEach(c -> fromTheBeginning.put(c, 0));
        return cluster.awaitLeader(fromTheBeginning, 20_000);
    }

    private static long leadsSince(Child leader, int from) throws Exception {
        return Long.parseLong(leader.await(from, l -> l.startsWith("leader "), 1_000).split(" ")[2]);
    }

    private static long committed(Child child) throws Exception {
        return Long.parseLong(child.ask("status", "status ").split(" ")[5]);
    }

    /** The same entries were committed everywhere, byte for byte. */
    private static void assertAllAlike(ProcessCluster cluster) {
        eventually(() -> cluster.running().stream().map(ProcessesTest::committedDigest).distinct().count() == 1);
    }

    private static String committedDigest(Child child) {
        try {
            String[] status = child.ask("status", "status ").split(" ");
            return status[5] + " " + status[6] + " " + status[7];
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void eventually(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(30)).until(condition);
    }
}
