package io.holdfast.test;

import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Machine;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** From three nodes to five and back to three while clients count, and a takeover by one of the new ones. */
class MembersTest {
    private static final int MACHINES = 5;
    private static final Duration BOUND = Duration.ofSeconds(60);

    @Test
    void aGroupGrowsAndShrinksUnnoticedAndAnAddedNodeTakesOver_I1_I5() throws Exception {
        RunningCluster.run("members", MACHINES, spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            List<Machine> added = cluster.testbed().machines().subList(3, MACHINES);
            cluster.client().open(4, 1);
            cluster.checkpoint();
            added.forEach(machine -> cluster.testbed().startNode(machine.number()));
            added.forEach(machine -> awaitJoining(cluster, machine));
            cluster.letCount(300);
            Machine primary = cluster.primary();
            long term = cluster.term();
            List<Machine> founders = cluster.testbed().machines().stream()
                    .filter(m -> !added.contains(m) && !m.equals(primary)).toList();

            refusals(cluster, primary, founders.get(0));
            for (Machine machine : added) {
                add(cluster, primary, machine);
            }
            cluster.checkpoint();
            for (Machine machine : founders) {
                cluster.watch().removeMember(primary.name(), machine.name());
                cluster.awaitStatus(machine, "knows that it is removed", BOUND, s -> "REMOVED".equals(s.state()));
            }
            cluster.letCount(300);
            assertThat(cluster.primary()).as("primary all the time").isEqualTo(primary);
            assertThat(cluster.status(primary).term()).as("no election was needed").isEqualTo(term);
            assertThat(cluster.status(primary).members()).extracting(m -> m.name())
                    .containsExactlyInAnyOrder(primary.name(), "n4", "n5");

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
