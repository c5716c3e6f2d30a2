package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Fault;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Privileges;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.cli.testbed.Testbed;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The demo's own flow and judgement, with nodes that only play their part: the Redis stands in the client's own
 * namespace, where no fault reaches it unless the test does.
 */
@Timeout(120)
class DemoTest {

    private static final Duration BOUND = Duration.ofSeconds(30);

    private final StringWriter printed = new StringWriter();
    private Testbed testbed;
    private Process redis;

    @BeforeEach
    void standIns() throws IOException {
        Privileges.needNamespaces();
        Privileges.needRedis();
        testbed = Testbed.create(3);
        testbed.nodeMain(StandInNode.class.getName());
        testbed.configure(ClusterSpec::redis);
        SystemCommand.run("ip", "-n", testbed.layout().clientNamespace(), "address", "add", Layout.VIP + "/32",
                "dev", "lo");
        List<String> command = new ArrayList<>(ClusterSpec.redis(testbed.layout()).workload());
        command.set(command.indexOf("--dir") + 1, testbed.layout().disk(1).toString());
        redis = new ProcessBuilder(testbed.inClient(command))
                .redirectOutput(testbed.layout().logs().resolve("redis.log").toFile()).start();
        await().atMost(BOUND).until(() -> SystemCommand.attempt(testbed.inClient(
                List.of("redis-cli", "-h", Layout.VIP, "PING")).toArray(String[]::new)).output().contains("PONG"));
    }

    @AfterEach
    void remove() {
        if (testbed != null) {
            testbed.close();
        }
    }

    @Test
    void twoTakeoversInARowWithNothingLostPass() throws Exception {
        Verdict verdict = run(Fault.CRASH, 2, true);
        assertThat(verdict.passed()).as(printed.toString()).isTrue();
        assertThat(verdict.takeovers()).hasSize(2);
        Takeover first = verdict.takeovers().get(0);
        Takeover second = verdict.takeovers().get(1);
        assertThat(first.newPrimary()).isNotEqualTo(first.oldPrimary()).isEqualTo(second.oldPrimary());
        assertThat(second.term()).isGreaterThan(first.term());
        assertThat(verdict.unexpectedTakeovers()).as(printed.toString()).isZero();
        JsonNode json = verdict.toJson();
        assertThat(json.get("answersChecked").asLong()).isGreaterThan(1_000);
        for (String zero : List.of("wrong", "lost", "connectionsBroken")) {
            assertThat(json.get(zero).asLong(-1)).isZero();
        }
        assertThat(json.get("connections").asInt()).isEqualTo(8 + 1 + 2);
        assertThat(json.get("longestGapMs")).hasSize(2);
        assertThat(json.get("takeovers").get(0).get("stepsMs").get("LIVE").asDouble()).isEqualTo(20);
        assertThat(json.get("takeovers").get(0).get("noticedMs").asDouble()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"DAEMON", "LINK", "FREEZE"})
    void everyFaultIsInflictedAndHealed(Fault fault) throws Exception {
        Verdict verdict = run(fault, 1, true);
        assertThat(verdict.passed()).as(printed.toString()).isTrue();
        assertThat(testbed.machines()).allMatch(machine -> machine.running());
        String victim = verdict.takeovers().get(0).oldPrimary();
        assertThat(printed.toString()).contains(victim + ": " + fault.description(), victim + " has caught up");
    }

    @Test
    void withoutCheckpointsNoneIsAskedFor() throws Exception {
        Verdict verdict = run(Fault.CRASH, 1, false);
        assertThat(verdict.passed()).as(printed.toString()).isTrue();
        assertThat(printed.toString()).doesNotContain("opened after that checkpoint");
        assertThat(verdict.toJson().get("checkpoint").asText()).isEqualTo("none");
    }

    @Test
    void aServerThatBreaksItsConnectionsFailsTheRun() throws Exception {
        Thread breaker = new Thread(() -> {
            await().atMost(BOUND).until(() -> printed.toString().contains("opened after that checkpoint"));
            redis.destroyForcibly();
        });
        breaker.start();
        Verdict verdict = run(Fault.CRASH, 1, true);
        breaker.join();
        assertThat(verdict.passed()).isFalse();
        assertThat(verdict.client().broken()).isEqualTo(9);
        assertThat(verdict.toJson().get("connectionsBroken").asInt()).isEqualTo(9);
        assertThat(verdict.toJson().get("complaints").size()).isGreaterThanOrEqualTo(9);
        verdict.print(timeline());
        assertThat(printed.toString()).contains("FAILED").doesNotContain("PASSED");
    }

    @Test
    void aNodeThatEndsByItselfFailsTheRunWithItsLastWords() throws Exception {
        testbed.nodeMain("no.such.Node");
        Verdict verdict = run(Fault.CRASH, 1, true);
        assertThat(verdict.passed()).isFalse();
        assertThat(verdict.failure()).contains("ended by itself").contains("no.such.Node");
    }

    private Verdict run(Fault fault, int kills, boolean checkpoints) throws InterruptedException {
        return new Demo(testbed, new DemoOptions(kills, 8, fault, checkpoints, 10_000, 1_000, 16, false, 5),
                timeline()).run();
    }

    private Timeline timeline() {
        return new Timeline(new PrintWriter(printed), false, System.nanoTime());
    }
}
