package io.holdfast.test;

import io.holdfast.cli.HoldfastCommand;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.JavaCommand;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.consensus.security.ClusterKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** From three nodes to five and back to three while clients count, and a takeover by one of the new ones. */
class MembersTest {
    private static final int MACHINES = 5;
    private static final Duration BOUND = Duration.ofSeconds(60);
    /** Two nodes start meanwhile on the same processors. */
    private static final Duration UNNOTICED = Duration.ofSeconds(1);

    @Test
    void aGroupGrowsAndShrinksUnnoticedAndAnAddedNodeTakesOver_I1_I5() throws Exception {
        RunningCluster.run("members", MACHINES, spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            List<Machine> added = cluster.testbed().machines().subList(3, MACHINES);
            cluster.client().open(4, 1);
            cluster.checkpoint();
            Machine primary = cluster.primary();
            long term = cluster.term();
            cluster.testbed().startNode(added.get(0).number());
            oneWithAnotherKeyIsRefused(cluster, primary, added.get(1));
            cluster.testbed().startNode(added.get(1).number());
            added.forEach(machine -> awaitJoining(cluster, machine));
            cluster.letCount(300);
            List<Machine> founders = cluster.testbed().machines().stream()
                    .filter(m -> !added.contains(m) && !m.equals(primary)).toList();

            refusals(cluster, primary, founders.get(0));
            assertThat(member(cluster, "add", "n4", "10.77.0.14").output()).contains("members of redis: n1, n2, n3, n4");
            cluster.awaitCaughtUp(added.get(0));
            add(cluster, primary, added.get(1));
            cluster.checkpoint();
            assertThat(member(cluster, "remove", founders.get(0).name()).output()).contains("members of redis: ")
                    .doesNotContain(founders.get(0).name());
            cluster.watch().removeMember(primary.name(), founders.get(1).name());
            for (Machine machine : founders) {
                cluster.awaitStatus(machine, "knows that it is removed", BOUND, s -> "REMOVED".equals(s.state()));
            }
            cluster.letCount(300);
            assertThat(member(cluster, "list").output().lines().filter(line -> line.contains("10.77.0.1")).toList())
                    .as("members as the command lists them").hasSize(3)
                    .anyMatch(line -> line.matches(primary.name() + " .* primary +[0-9]+"))
                    .anyMatch(line -> line.matches("n4 .* standby +[0-9]+")).anyMatch(line -> line.matches("n5 .* standby +[0-9]+"));
            assertThat(cluster.primary()).as("primary all the time").isEqualTo(primary);
            assertThat(cluster.status(primary).term()).as("no election was needed").isEqualTo(term);
            assertThat(cluster.status(primary).members()).extracting(m -> m.name())
                    .containsExactlyInAnyOrder(primary.name(), "n4", "n5");
            assertThat(cluster.longestWait()).as("a client's longest wait while members came and went").isLessThan(UNNOTICED);

            primary.crash();
            Machine next = cluster.awaitTakeover(primary, term);
            assertThat(added).as("who can take over").contains(next);
            cluster.awaitAllAnswered();
            cluster.letCount(300);
            oneWithAnOldJournalIsRefused(cluster, founders.get(0));
            emptiedItIsLetInAgain(cluster, founders.get(0));
            cluster.expectNothingLost();
        });
    }

    private static void refusals(RunningCluster cluster, Machine primary, Machine standby) {
        assertThatThrownBy(() -> cluster.watch().addMember(primary.name(), "n9", "10.77.0.99")).hasMessageContaining("no node answers");
        assertThatThrownBy(() -> cluster.watch().addMember(primary.name(), standby.name(), "10.77.0.15"))
                .hasMessageContaining("is a member already");
        assertThatThrownBy(() -> cluster.watch().addMember(standby.name(), "n4", "10.77.0.14"))
                .hasMessageContaining("does not lead").hasMessageContaining(primary.name() + " leads");
        assertThatThrownBy(() -> cluster.watch().removeMember(primary.name(), "n9")).hasMessageContaining("'n9' is not a member");
        assertThatThrownBy(() -> cluster.watch().removeMember(primary.name(), primary.name()))
                .hasMessageContaining("is the primary: hand over first");
    }

    /**
     * It was given the key of another cluster and believes that it is one of five here: it calls the members, the primary is
     * told to call it, and neither comes of it. Leaves the machine as it is for a node that is let in.
     */
    private static void oneWithAnotherKeyIsRefused(RunningCluster cluster, Machine primary, Machine stranger) throws Exception {
        Path config = cluster.testbed().layout().configFile(stranger.number());
        Path another = config.resolveSibling("another.key");
        ClusterKey.generate(another);
        String right = Files.readString(config);
        Files.writeString(config, right.replace(cluster.testbed().layout().keyFile().toString(), another.toString())
                .replace("join: true", "join: false")
                .replace("  - {name: n5", "  - {name: n4, address: 10.77.0.14, adminPort: " + Layout.ADMIN_PORT + "}\n  - {name: n5"));
        cluster.testbed().startNode(stranger.number());
        String from = "10.77.0.1" + stranger.number() + ":";
        for (Machine member : cluster.testbed().machines().subList(0, 3)) {
            cluster.awaitStatus(member, "has turned it away", BOUND, s -> s.refused().count() > 0 && s.refused().last().startsWith(from));
            assertThat(Files.readString(member.log())).as("log of %s", member.name())
                    .containsPattern("refused a connection from " + from + "\\d+: .*certificate");
        }
        assertThatThrownBy(() -> cluster.watch().addMember(primary.name(), stranger.name(), "10.77.0.1" + stranger.number()))
                .hasMessageContaining("no node answers").hasMessageContaining("another key");
        assertThat(Files.readString(stranger.log())).as("log of the node with another key").contains("it holds another key");
        assertThat(cluster.watch().primary()).as("primary with a stranger about").isEqualTo(primary.name());
        assertThat(stranger.terminate(20_000)).isEqualTo(143);
        Files.writeString(config, right);
        assertThat(stranger.run("rm", "-r", cluster.testbed().layout().dataDirectory().resolve(ClusterSpec.SERVICE).toString())
                .exitCode()).isZero();
    }

    /** {@code holdfast member}, as an operator calls it from another machine. */
    private static SystemCommand.Result member(RunningCluster cluster, String... arguments) {
        List<String> all = new ArrayList<>(List.of("member"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--config", cluster.testbed().layout().configFile(1).toString()));
        SystemCommand.Result result = SystemCommand.attempt(cluster.testbed().inClient(JavaCommand.of(
                List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"), HoldfastCommand.class.getName(), all))
                .toArray(String[]::new));
        assertThat(result.exitCode()).as("holdfast %s: %s", all, result.output()).isZero();
        return result;
    }

    private static void awaitJoining(RunningCluster cluster, Machine machine) {
        cluster.awaitStatus(machine, "waits to be let in", BOUND, s -> "JOINING".equals(s.state()));
    }

    private static void add(RunningCluster cluster, Machine primary, Machine machine) {
        awaitJoining(cluster, machine);
        cluster.watch().addMember(primary.name(), machine.name(), "10.77.0.1" + machine.number());
        cluster.awaitCaughtUp(machine);
    }

    /** It may hold what the group has given up since. */
    private static void oneWithAnOldJournalIsRefused(RunningCluster cluster, Machine removed) throws Exception {
        assertThat(removed.terminate(20_000)).isEqualTo(143);
        String config = Files.readString(cluster.testbed().layout().configFile(removed.number()));
        Files.writeString(cluster.testbed().layout().configFile(removed.number()), config.replace("join: false", "join: true"),
                StandardOpenOption.TRUNCATE_EXISTING);
        cluster.testbed().startNode(removed.number());
        cluster.await("it refuses to run", BOUND, () -> !removed.running());
        assertThat(Files.readString(removed.log())).as("log of the node with the old journal")
                .contains("FAILED").contains("A node that is to be let in starts empty");
    }

    /** As whoever replaces a dead machine under the same name. */
    private static void emptiedItIsLetInAgain(RunningCluster cluster, Machine removed) {
        assertThat(removed.run("rm", "-r", cluster.testbed().layout().dataDirectory().resolve(ClusterSpec.SERVICE).toString())
                .exitCode()).isZero();
        cluster.testbed().startNode(removed.number());
        add(cluster, cluster.primary(), removed);
    }
}
