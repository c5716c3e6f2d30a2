package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.holdfast.consensus.ProcessCluster.Child;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members in network namespaces of their own: machines that fall silent, whose connections nobody closes. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LinkTest {
    private static final int PATIENT_MS = 1_000;
    private static final long NANOS_PER_MS = 1_000_000;

    private final String prefix = "hft" + ProcessHandle.current().pid();
    private final List<String> namespaces = new ArrayList<>();
    @TempDir
    Path directory;

    @BeforeEach
    void buildNetwork() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")) && Files.isExecutable(Path.of("/sbin/ip")),
                "needs root and iproute2 for network namespaces");
        addNamespace("b");
        run("ip", "-n", prefix + "b", "link", "add", "name", "bridge0", "type", "bridge");
        run("ip", "-n", prefix + "b", "link", "set", "bridge0", "up");
        for (int i = 1; i <= 3; i++) {
            addNamespace("n" + i);
            String namespace = prefix + "n" + i;
            run("ip", "-n", namespace, "link", "add", "name", "eth0", "type", "veth", "peer", "name", "n" + i, "netns", prefix + "b");
            run("ip", "-n", namespace, "addr", "add", "10.99.0." + i + "/24", "dev", "eth0");
            run("ip", "-n", namespace, "link", "set", "eth0", "up");
            run("ip", "-n", namespace, "link", "set", "lo", "up");
            run("ip", "-n", prefix + "b", "link", "set", "n" + i, "master", "bridge0", "up");
        }
    }

    @AfterEach
    void removeNetwork() throws Exception {
        for (String namespace : namespaces) {
            run("ip", "netns", "del", namespace);
        }
    }

    @Test
    void aLeaderCutOffIsReplacedAndFollowsSoonAfterItsLinkIsBack() throws Exception {
        try (ProcessCluster cluster = cluster()) {
            Child cutOff = firstLeader(cluster);
            cutOff.ask("offer 1000 200", "offered");
            Map<Child, Integer> said = cluster.saidSoFar(cluster.others(cutOff));
            int saidByCutOff = cutOff.said();
            long cut = System.nanoTime();
            link(cutOff, "down");
            Child next = cluster.awaitLeader(said, 10_000);
            long since = Long.parseLong(next.await(said.get(next), l -> l.startsWith("leader "), 1_000).split(" ")[2]);
            assertThat(since - cut).as("from the cut to the next leader's first entry").isLessThan(5_000 * NANOS_PER_MS);
            cutOff.await(saidByCutOff, l -> l.startsWith("follower "), 10_000);
            next.ask("offer 5000 200", "offered");
            eventually(() -> committed(next) > 2_000, 10);

            String term = next.ask("status", "status ").split(" ")[2];
            link(cutOff, "up");
            eventually(() -> committed(cutOff) >= committed(next), 5);
            next.ask("offer 1000 200", "offered");
            eventually(() -> committed(cutOff) >= committed(next), 5);
            assertThat(next.ask("status", "status ")).as("who comes back deposes nobody").startsWith("status LEADER " + term + " ");
        }
    }

    @Test
    void aRestartedMemberIsTakenInThoughItsOldConnectionWasNeverClosed() throws Exception {
        try (ProcessCluster cluster = cluster()) {
            Child leader = firstLeader(cluster);
            leader.ask("offer 1000 200", "offered");
            for (Child gone : cluster.others(leader)) {
                link(gone, "down");
                gone.signal("KILL");
                gone.process.waitFor();
                leader.ask("offer 1000 200", "offered");
                link(gone, "up");
                Child back = cluster.start(gone.name);
                eventually(() -> committed(back) >= committed(leader), 8);
            }
        }
    }

    private ProcessCluster cluster() throws Exception {
        List<Member> members = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            members.add(new Member("n" + i, InetAddress.getByName("10.99.0." + i), 7800));
        }
        ProcessCluster cluster = new ProcessCluster(members, directory, PATIENT_MS,
                name -> List.of("ip", "netns", "exec", prefix + name));
        cluster.startAll();
        return cluster;
    }

    private static Child firstLeader(ProcessCluster cluster) throws Exception {
        Map<Child, Integer> fromTheBeginning = new LinkedHashMap<>();
        cluster.running().forEach(c -> fromTheBeginning.put(c, 0));
        return cluster.awaitLeader(fromTheBeginning, 20_000);
    }

    private static long committed(Child child) throws Exception {
        return Long.parseLong(child.ask("status", "status ").split(" ")[5]);
    }

    private void link(Child child, String state) throws Exception {
        run("ip", "-n", prefix + "b", "link", "set", child.name, state);
    }

    private void addNamespace(String name) throws Exception {
        run("ip", "netns", "add", prefix + name);
        namespaces.add(prefix + name);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }

    private static void eventually(java.util.concurrent.Callable<Boolean> condition, int seconds) {
        Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(seconds)).until(condition);
    }
}
