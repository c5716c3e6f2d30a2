package io.holdfast.test;

import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.journal.PowerLoss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Machines lose power: their journals lose pages that were not forced, and their kernels are started anew. */
class PowerLossTest {
    private static final String WAITS = "entries that it acknowledged may be gone";
    /** Of a test, so that what one tears does not hang on which ran before it. */
    private final Random random = new Random(1);

    /** Two of three come back, and that is enough: nobody has forgotten anything. */
    @Test
    void withDiskNothingIsLostWhenAllMachinesLosePower() throws Exception {
        RunningCluster.run("power-cut-disk", spec -> spec.withCheckpoint("criu", 60_000).withJournal("{durability: disk}"), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            cluster.checkpoint();
            cluster.letCount(200);
            cluster.testbed().machines().parallelStream().forEach(Machine::crash);
            for (Machine machine : cluster.testbed().machines().subList(0, 2)) {
                Path journal = journal(cluster, machine);
                PowerLoss.tear(journal, PowerLoss.forced(journal), random);
                machine.rebootAfterPowerCut();
                cluster.testbed().startNode(machine.number());
            }
            awaitPrimary(cluster);
            cluster.awaitAllAnswered();
            for (Machine machine : cluster.testbed().machines().subList(0, 2)) {
                assertThat(Files.readString(machine.log())).as("log of %s", machine.name()).contains("the kernel ended while it was open");
            }
            cluster.expectNothingLost();
        });
    }

    /**
     * First one machine, which gets again what it lost before anybody depends on it. Then the other standby and the primary's
     * successor, while the third machine is away: what they wait for, and the operator's word that ends it.
     */
    @Test
    void withProcessOneMachineLosesNothingAndAllWaitForEachOtherOrAnOperator() throws Exception {
        RunningCluster.run("power-cut-process", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(4, 1);
            cluster.letCount(200);
            cluster.checkpoint();
            Machine away = oneMachine(cluster);
            List<Machine> rest = new ArrayList<>(cluster.testbed().machines());
            rest.remove(away);

            assertThat(redis(cluster, "SET", "early", "kept")).isEqualTo("OK");
            Map<Machine, PowerLoss.Place> onDisk = new HashMap<>();
            for (Machine machine : rest) {
                cluster.awaitStatus(machine, "has what is committed", RunningCluster.REJOIN_BOUND, s -> s.lastIndex() >= committed(cluster));
                onDisk.put(machine, PowerLoss.written(journal(cluster, machine)));
            }
            cluster.letCount(300);
            rest.parallelStream().forEach(Machine::crash);
            cluster.client().close();
            for (Machine machine : rest) {
                losePower(cluster, machine, onDisk.get(machine));
                cluster.testbed().startNode(machine.number());
            }
            awaitThatTheyWaitFor(cluster, rest, away);

            rest.forEach(machine -> assertThat(machine.terminate(20_000)).isEqualTo(143));
            rest.forEach(machine -> cluster.testbed().startNode(machine.number(), "--accept-loss"));
            awaitPrimary(cluster);
            assertThat(redis(cluster, "GET", "early")).as("written back before the power failed").isEqualTo("kept");
            for (int count = 1; count <= 20; count++) {
                assertThat(redis(cluster, "INCR", "late")).isEqualTo(Integer.toString(count));
            }
            away.rebootAfterPowerCut();
            cluster.testbed().startNode(away.number());
            cluster.awaitCaughtUp(away);
            cluster.await(away.name() + " counts like any other", RunningCluster.REJOIN_BOUND, () -> logOf(away).contains("it holds again"));
        });
    }

    /** A standby loses power and what it had not forced, is given it again, and is one of two that carry on. Returns the primary, dead. */
    private Machine oneMachine(RunningCluster cluster) throws IOException {
        Machine standby = cluster.standby(0);
        PowerLoss.Place onDisk = PowerLoss.written(journal(cluster, standby));
        cluster.letCount(300);
        standby.crash();
        losePower(cluster, standby, onDisk);
        cluster.testbed().startNode(standby.number());
        cluster.awaitCaughtUp(standby);
        cluster.await(standby.name() + " counts again", RunningCluster.REJOIN_BOUND, () -> logOf(standby).contains("it holds again"));
        assertThat(logOf(standby)).contains("the end is torn. Cut off behind entry");
        Machine primary = cluster.primary();
        long term = cluster.term();
        primary.crash();
        cluster.awaitTakeover(primary, term);
        cluster.awaitAllAnswered();
        assertThat(cluster.client().report().complaints()).as("I5: what clients complain of").isEmpty();
        return primary;
    }

    private void losePower(RunningCluster cluster, Machine machine, PowerLoss.Place onDisk) throws IOException {
        assertThat(PowerLoss.tear(journal(cluster, machine), onDisk, random)).as("bytes that %s loses", machine.name()).isPositive();
        machine.rebootAfterPowerCut();
    }

    private static void awaitThatTheyWaitFor(RunningCluster cluster, List<Machine> rest, Machine away) {
        for (Machine machine : rest) {
            cluster.awaitStatus(machine, "says what it waits for", RunningCluster.REJOIN_BOUND, s -> s.message() != null
                    && s.message().contains(WAITS) && s.message().contains("waits for " + away.name() + "."));
        }
        cluster.await("one asks for votes in vain, and says so", RunningCluster.REJOIN_BOUND, () -> rest.stream().anyMatch(
                machine -> logOf(machine).contains("may have forgotten entries when their machines lost power")));
        assertThat(cluster.watch().nodes().values()).as("nobody leads").noneMatch(ServiceStatus::primary);
    }

    private static Path journal(RunningCluster cluster, Machine machine) {
        return cluster.testbed().layout().disk(machine.number()).resolve("holdfast").resolve(ClusterSpec.SERVICE).resolve("journal");
    }

    private static long committed(RunningCluster cluster) {
        return cluster.watch().nodes().values().stream().mapToLong(ServiceStatus::committedIndex).max().orElse(0);
    }

    private static void awaitPrimary(RunningCluster cluster) {
        cluster.await("a primary is live again", Duration.ofSeconds(90), () -> cluster.watch().primary() != null);
    }

    private static String logOf(Machine machine) {
        try {
            return Files.readString(machine.log());
        } catch (IOException e) {
            return "";
        }
    }

    /** What a client of its own is answered. */
    private static String redis(RunningCluster cluster, String... command) {
        List<String> all = new ArrayList<>(List.of("redis-cli", "-h", Layout.VIP, "-p", Integer.toString(Layout.WORKLOAD_PORT)));
        all.addAll(List.of(command));
        return SystemCommand.run(cluster.testbed().inClient(all).toArray(String[]::new)).strip();
    }
}
