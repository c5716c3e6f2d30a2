package io.holdfast.benchmarks.protect;

import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.cli.testbed.Testbed;
import io.holdfast.cli.testbed.TestbedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Redis without Holdfast: on the first machine, which simply has the virtual address, and with its own replication to
 * the others when there are any. Owned by the main thread.
 */
final class PlainRedis implements Subject {

    private static final Duration START_BOUND = Duration.ofSeconds(30);

    private final String label;
    private final int replicas;
    private final Testbed testbed;

    private PlainRedis(String label, int machines, int replicas) {
        this.label = label;
        this.replicas = replicas;
        this.testbed = Testbed.create(machines);
    }

    static PlainRedis alone() throws InterruptedException {
        return new PlainRedis("Redis alone", 1, 0).started();
    }

    /** A primary and two replicas; a client waits for one of them. */
    static PlainRedis replicated() throws InterruptedException {
        return new PlainRedis("Redis with WAIT 1", 3, 1).started();
    }

    private PlainRedis started() throws InterruptedException {
        try {
            Machine primary = testbed.machine(1);
            expect(primary.run("ip", "address", "add", Layout.VIP + "/" + Layout.PREFIX_LENGTH, "dev",
                    Layout.INTERFACE));
            for (Machine machine : testbed.machines()) {
                machine.start(command(machine.number()));
            }
            int expected = testbed.machines().size() - 1;
            Patience.await(START_BOUND, "Redis answers, with " + expected + " replicas in step",
                    () -> info(primary, "replication").lines().filter(line -> line.contains("state=online")).count()
                            == expected && info(primary, "server").contains("redis_version"));
            return this;
        } catch (RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** The same Redis as {@link io.holdfast.cli.testbed.ClusterSpec#redis} has Holdfast protect. */
    private List<String> command(int machine) {
        List<String> command = new ArrayList<>(List.of("/usr/bin/redis-server", "--bind", "0.0.0.0", "--port",
                Integer.toString(Layout.WORKLOAD_PORT), "--protected-mode", "no", "--save", "", "--appendonly", "no",
                "--dir", testbed.layout().machine().resolve("tmp").toString()));
        if (machine > 1) {
            command.addAll(List.of("--replicaof", testbed.layout().nodeAddress(1) + " " + Layout.WORKLOAD_PORT,
                    "--repl-diskless-sync-delay", "0"));
        }
        return command;
    }

    private static String info(Machine machine, String section) {
        return machine.run("redis-cli", "-p", Integer.toString(Layout.WORKLOAD_PORT), "info", section).output();
    }

    private static void expect(SystemCommand.Result result) {
        if (result.exitCode() != 0) {
            throw new TestbedException(result.output().strip());
        }
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public Testbed testbed() {
        return testbed;
    }

    @Override
    public Map<String, List<Long>> processes() {
        List<Machine> others = testbed.machines().subList(1, testbed.machines().size());
        return Map.of("Redis", List.of(testbed.machine(1).pid()), "replicas",
                others.stream().map(Machine::pid).toList());
    }

    @Override
    public int replicas() {
        return replicas;
    }
}
