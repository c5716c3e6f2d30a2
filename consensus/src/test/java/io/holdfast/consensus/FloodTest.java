package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Strangers by the thousand at the members' door while a member comes back. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class FloodTest {
    private static final int CONNECTIONS = 500;
    private static final int RESTARTS = 3;
    @TempDir
    Path directory;

    @Test
    void aMemberThatRestartsIsTakenInAgainUnderAFlood() throws Exception {
        try (TestCluster cluster = TestCluster.of(3, directory).start()) {
            TestMember leader = cluster.leader();
            TestMember restarted = cluster.followers().get(0);
            List<InetSocketAddress> places = cluster.places.stream()
                    .map(member -> new InetSocketAddress(member.address(), member.port())).toList();
            try (Flood flood = new Flood("127.0.0.2", places)) {
                patiently(() -> flood.connections.get() > CONNECTIONS);
                for (int i = 1; i <= RESTARTS; i++) {
                    String body = "after restart " + i;
                    restarted.stop();
                    int before = flood.connections.get();
                    patiently(() -> flood.connections.get() > before + CONNECTIONS);
                    restarted.start();
                    patiently(() -> cluster.members.stream().anyMatch(member -> member.leads() && member.offer(body)));
                    patiently(() -> restarted.bodies().contains(body));
                }
                Refusals.Seen refused = leader.group().refused();
                assertThat(refused.count()).isGreaterThan(CONNECTIONS / 3);
                assertThat(refused.last()).startsWith("127.0.0.2:");
                assertThat(refused.reason()).isNotBlank();
                assertThat(refused.epochMillis()).isCloseTo(System.currentTimeMillis(), org.assertj.core.data.Offset.offset(60_000L));
            }
            assertThat(cluster.members).allMatch(member -> member.failure == null);
        }
    }

    private static void patiently(Callable<Boolean> condition) {
        Awaitility.await().pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(30)).until(condition);
    }
}
