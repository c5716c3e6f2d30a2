package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Fault;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.Privileges;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.cli.testbed.Testbed;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against a plain, unprotected Redis: it must report every kind of damage as what it is. */
@Timeout(120)
class CounterClientTest {

    private static final Duration BOUND = Duration.ofSeconds(30);

    private Testbed testbed;
    private ClientProcess client;

    @BeforeEach
    void redisOnTheFirstMachine() {
        Privileges.needNamespaces();
        Privileges.needRedis();
        testbed = Testbed.create(2);
        testbed.configure(ClusterSpec::redis);
        startRedis(testbed.machine(1));
        client = ClientProcess.start(testbed, 1_000, 7);
    }

    @AfterEach
    void remove() {
        if (client != null) {
            client.close();
        }
        if (testbed != null) {
            testbed.close();
        }
    }

    @Test
    void everyAnswerIsCheckedAndNothingIsMissedInPeace() {
        client.open(4, 1);
        client.open(1, 16);
        await().atMost(BOUND).until(() -> client.report().answers() > 5_000);
        client.open(3, 1);
        await().atMost(BOUND).until(() -> client.report().answers() > 10_000);
        ClientReport end = client.stop();
        assertThat(end.connections()).isEqualTo(8);
        assertThat(List.of(end.wrong(), end.lost(), (long) end.broken(), end.finalDifferent()))
                .containsOnly(0L);
        assertThat(end.finalCompared()).isEqualTo(8);
        assertThat(end.complaints()).isEmpty();
    }

    @Test
    void aMachineThatDiesLeavesEveryAnswerUnderWayLost() {
        client.open(4, 1);
        client.open(1, 16);
        await().atMost(BOUND).until(() -> client.report().answers() > 1_000);
        long diedNanos = testbed.machine(1).inflict(Fault.CRASH);
        await().atMost(BOUND).until(() -> client.report().waitingLongerThan(500_000_000L) == 5);
        ClientReport end = client.stop();
        assertThat(end.broken()).isZero();
        assertThat(end.lost()).isBetween(5L, 20L);
        assertThat(end.openPauses()).hasSize(5);
        assertThat(end.openPauses()).allMatch(pause -> pause.overlaps(diedNanos, System.nanoTime()));
        assertThat(end.complaints()).hasSize(6).last().asString().contains("final comparison");
    }

    @Test
    void aServerThatDiesAloneBreaksEveryConnection() {
        client.open(4, 1);
        await().atMost(BOUND).until(() -> client.report().answers() > 1_000);
        testbed.machine(1).killDaemon();
        await().atMost(BOUND).until(() -> client.report().broken() == 4);
        assertThat(client.stop().complaints()).hasSize(5);
    }

    @Test
    void aConnectionThatCannotBeMadeIsBroken() {
        testbed.machine(1).killDaemon();
        assertThat(client.open(2, 1).broken()).isEqualTo(2);
    }

    @Test
    void aCounterThatIsChangedByAnotherIsOneWrongAnswerForEachChange() {
        client.open(1, 1);
        await().atMost(BOUND).until(() -> client.report().answers() > 100);
        String key = "holdfast:" + testbed.layout().name() + ":1";
        redis("INCR", key);
        await().atMost(BOUND).until(() -> client.report().wrong() == 1);
        redis("SET", key, "no-number");
        await().atMost(BOUND).until(() -> client.report().wrong() > 1);
        ClientReport end = client.stop();
        assertThat(end.broken()).isZero();
        assertThat(end.complaints()).first().asString().contains("not an integer");
        assertThat(end.finalDifferent()).isEqualTo(1);
    }

    @Test
    void aChangeAfterTheLastAnswerShowsInTheFinalComparison() {
        client.open(1, 1);
        await().atMost(BOUND).until(() -> client.report().answers() > 100);
        assertThat(client.stop().finalDifferent()).isZero();
        redis("INCR", "holdfast:" + testbed.layout().name() + ":1");
        assertThat(client.stop().finalDifferent()).isEqualTo(1);
    }

    @Test
    void aFrozenServerIsOnePauseAsLongAsItLasted() {
        client.open(2, 1);
        await().atMost(BOUND).until(() -> client.report().answers() > 500);
        long froze = testbed.machine(1).inflict(Fault.FREEZE);
        await().atMost(BOUND).until(() -> client.report().waitingLongerThan(300_000_000L) == 2);
        testbed.machine(1).thaw();
        long thawed = System.nanoTime();
        List<ClientReport.Pause> pauses = new java.util.ArrayList<>();
        await().atMost(BOUND).until(() -> {
            pauses.addAll(client.report().pauses().stream()
                    .filter(pause -> pause.lengthNanos() > 250_000_000L).toList());
            return pauses.size() == 2;
        });
        assertThat(pauses).allMatch(pause -> pause.overlaps(froze, thawed));
    }

    private void startRedis(Machine machine) {
        machine.run("ip", "address", "add", Layout.VIP + "/" + Layout.PREFIX_LENGTH, "dev", Layout.INTERFACE);
        machine.start(ClusterSpec.redis(testbed.layout()).workload());
        await().atMost(BOUND).until(() -> redis("PING").contains("PONG"));
    }

    private String redis(String... command) {
        List<String> full = new java.util.ArrayList<>(List.of("redis-cli", "-h", Layout.VIP));
        full.addAll(List.of(command));
        return SystemCommand.attempt(testbed.inClient(full).toArray(String[]::new)).output();
    }
}
