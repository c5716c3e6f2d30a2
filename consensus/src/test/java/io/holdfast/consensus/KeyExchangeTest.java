package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import io.holdfast.consensus.ProcessCluster.Child;
import io.holdfast.consensus.security.ClusterKey;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A running group gets another key, member by member and by the commands of docs/operations.md; it commits all the while. */
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class KeyExchangeTest {
    private static final int PATIENT_MS = 1_000;
    private static final String CERTIFICATES = "certificates() { sed -n '/BEGIN CERT/,/END CERT/p' \"$1\"; }; ";
    private static final List<String> STEPS = List.of("cat old.key <(certificates new.key) > cluster.key",
            "cat new.key <(certificates old.key) > cluster.key", "cat new.key > cluster.key");
    @TempDir
    Path directory;

    @Test
    void theGroupGoesOnWhileItsKeyIsExchanged() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(3, directory, PATIENT_MS)) {
            cluster.startAll();
            Path key = directory.resolve("cluster.key");
            String before = ClusterKey.read(key).fingerprint();
            String after = ClusterKey.generate(directory.resolve("new.key")).fingerprint();
            bash("cp -p cluster.key old.key");
            for (String step : STEPS) {
                bash(CERTIFICATES + step);
                for (Member member : cluster.members()) {
                    Child old = cluster.child(member.name());
                    old.signal("KILL");
                    old.process.waitFor();
                    commitOnAll(cluster); // without it
                    cluster.start(member.name());
                    commitOnAll(cluster);
                }
            }
            assertThat(ClusterKey.read(key).fingerprint()).isEqualTo(after).isNotEqualTo(before);
            assertThat(Files.readString(key)).isEqualTo(Files.readString(directory.resolve("new.key")));
        }
    }

    private static void commitOnAll(ProcessCluster cluster) {
        eventually(() -> {
            for (Child child : cluster.running()) {
                if (child.ask("offer 100 200", "offered ").equals("offered 100")) {
                    return true;
                }
            }
            return false;
        });
        eventually(() -> cluster.running().stream().map(KeyExchangeTest::committed).distinct().count() == 1);
    }

    private static String committed(Child child) {
        try {
            String[] status = child.ask("status", "status ").split(" ");
            return status[5] + " " + status[6] + " " + status[7];
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void bash(String script) throws Exception {
        Process process = new ProcessBuilder("bash", "-ec", script).directory(directory.toFile()).inheritIO().start();
        assertThat(process.waitFor()).as(script).isZero();
    }

    private static void eventually(Callable<Boolean> condition) {
        Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(30)).until(condition);
    }
}
