package io.holdfast.cli.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class TestbedTest {

    private static final Duration BOUND = Duration.ofSeconds(20);

    @BeforeEach
    void privileges() {
        Privileges.needNamespaces();
    }

    @Test
    void machinesReachEachOtherAndTheClientReachesThem() {
        try (Testbed testbed = Testbed.create(3)) {
            for (int node = 1; node <= 3; node++) {
                assertThat(clientReaches(testbed, testbed.layout().nodeAddress(node))).isTrue();
                assertThat(reaches(testbed.machine(1), testbed.layout().nodeAddress(node))).isTrue();
            }
        }
    }

    @Test
    void aPartitionCutsOnePathOnlyAndEndsWhenMended() {
        try (Testbed testbed = Testbed.create(3)) {
            testbed.partition(1, 2);
            assertThat(reaches(testbed.machine(1), "10.77.0.12")).isFalse();
            assertThat(reaches(testbed.machine(1), "10.77.0.13")).isTrue();
            assertThat(clientReaches(testbed, "10.77.0.12")).isTrue();
            testbed.mend();
            await().atMost(BOUND).until(() -> reaches(testbed.machine(1), "10.77.0.12"));
        }
    }

    @Test
    void framesOfAFormerSenderCountOnlyAfterAnotherHasBegun() {
        try (Testbed testbed = Testbed.create(2)) {
            testbed.formerSender(testbed.machine(1));
            testbed.machine(1).run("ip", "address", "add", Layout.VIP + "/24", "dev", "eth0");
            await().atMost(BOUND).until(() -> clientReaches(testbed, Layout.VIP));
            assertThat(testbed.lateFrames()).isZero();

            testbed.machine(1).run("ip", "address", "del", Layout.VIP + "/24", "dev", "eth0");
            testbed.machine(2).run("ip", "address", "add", Layout.VIP + "/24", "dev", "eth0");
            forgetNeighbours(testbed);
            await().atMost(BOUND).until(() -> clientReaches(testbed, Layout.VIP));
            assertThat(testbed.lateFrames()).isZero();

            testbed.machine(2).run("ip", "address", "del", Layout.VIP + "/24", "dev", "eth0");
            testbed.machine(1).run("ip", "address", "add", Layout.VIP + "/24", "dev", "eth0");
            forgetNeighbours(testbed);
            await().atMost(BOUND).until(() -> clientReaches(testbed, Layout.VIP));
            assertThat(testbed.lateFrames()).as("an ARP answer and a TCP reset").isGreaterThanOrEqualTo(2);

            testbed.formerSender(testbed.machine(1));
            assertThat(testbed.lateFrames()).isZero();
        }
    }

    @Test
    void aLinkGoesDownAndUp() {
        try (Testbed testbed = Testbed.create(2)) {
            testbed.machine(1).inflict(Fault.LINK);
            assertThat(clientReaches(testbed, "10.77.0.11")).isFalse();
            assertThat(clientReaches(testbed, "10.77.0.12")).isTrue();
            testbed.machine(1).linkUp();
            await().atMost(BOUND).until(() -> clientReaches(testbed, "10.77.0.11"));
        }
    }

    @Test
    void everyMachineSeesItsOwnDiskAtTheSamePathAndNoOther() {
        try (Testbed testbed = Testbed.create(2)) {
            Layout layout = testbed.layout();
            Path file = layout.machine().resolve("whoami");
            for (Machine machine : testbed.machines()) {
                assertThat(machine.run("sh", "-c", "echo " + machine.name() + " > " + file).exitCode()).isZero();
            }
            for (Machine machine : testbed.machines()) {
                assertThat(machine.run("cat", file.toString()).output().strip()).isEqualTo(machine.name());
                assertThat(machine.run("ls", layout.disks().toString()).output()).isEmpty();
                assertThat(machine.run("ls", "/run").output()).doesNotContain("netns");
            }
            assertThat(file).as("the host sees nothing there").doesNotExist();
        }
    }

    @Test
    void aCrashEndsEveryProcessAndTheLinkAndARebootBringsTheDiskBackButNoKernelState() {
        try (Testbed testbed = Testbed.create(2)) {
            Machine machine = testbed.machine(1);
            Path file = testbed.layout().machine().resolve("kept");
            machine.start(List.of("sh", "-c", "echo kept > " + file + "; setsid sleep 1000 & "
                    + "ip address add " + Layout.VIP + "/24 dev eth0; exec sleep 1001"));
            await().atMost(BOUND).until(() -> clientReaches(testbed, Layout.VIP));
            await().atMost(BOUND).until(() -> machine.workloadPids().size() == 1);

            machine.inflict(Fault.CRASH);

            assertThat(machine.running()).isFalse();
            assertThat(SystemCommand.run("ip", "netns", "pids", machine.namespace())).isEmpty();
            assertThat(clientReaches(testbed, Layout.VIP)).isFalse();
            assertThatThrownBy(() -> machine.start(List.of("true"))).isInstanceOf(IllegalStateException.class);

            machine.reboot();
            assertThat(machine.run("cat", file.toString()).output().strip()).isEqualTo("kept");
            await().atMost(BOUND).until(() -> clientReaches(testbed, "10.77.0.11"));
            assertThat(clientReaches(testbed, Layout.VIP)).isFalse();
        }
    }

    @Test
    void killingTheDaemonLeavesItsWorkloadInItsOwnPidNamespace() {
        try (Testbed testbed = Testbed.create(1)) {
            Machine machine = testbed.machine(1);
            machine.start(List.of("sh", "-c", "setsid unshare --pid --fork sleep 1000 & exec sleep 1001"));
            await().atMost(BOUND).until(() -> machine.workloadPids().size() == 2);

            machine.inflict(Fault.DAEMON);
            assertThat(machine.running()).isFalse();
            assertThat(machine.workloadPids()).hasSize(2);

            machine.start(List.of("sleep", "1002"));
            machine.inflict(Fault.WORKLOAD);
            await().atMost(BOUND).until(() -> machine.workloadPids().isEmpty());
            assertThat(machine.running()).isTrue();
        }
    }

    @Test
    void aFrozenNodeStandsStillUntilItIsThawed() {
        try (Testbed testbed = Testbed.create(1)) {
            Machine machine = testbed.machine(1);
            machine.start(List.of("sleep", "1000"));
            machine.inflict(Fault.FREEZE);
            await().atMost(BOUND).until(() -> state(machine.pid()).equals("T"));
            machine.thaw();
            await().atMost(BOUND).until(() -> state(machine.pid()).equals("S"));
        }
    }

    @Test
    void threadsOfThisProcessStandInTheClientsNetwork() throws Exception {
        try (Testbed testbed = Testbed.create(1)) {
            ExecutorService inside = Executors.newSingleThreadExecutor(testbed.clientThreads());
            try {
                assertThat(inside.submit(() -> java.net.NetworkInterface.getByInetAddress(
                        java.net.InetAddress.getByName(Layout.CLIENT_ADDRESS))).get()).isNotNull();
            } finally {
                inside.shutdownNow();
            }
            assertThat(java.net.NetworkInterface.getByInetAddress(
                    java.net.InetAddress.getByName(Layout.CLIENT_ADDRESS))).isNull();
        }
    }

    @Test
    void evidenceHoldsDisksLogsAndTheKernelsState(@TempDir Path evidence) throws Exception {
        try (Testbed testbed = Testbed.create(2)) {
            testbed.configure(ClusterSpec::redis);
            testbed.machine(1).start(List.of("sh", "-c", "echo hello; echo data > "
                    + testbed.layout().dataDirectory().resolve("journal")));
            await().atMost(BOUND).until(() -> !testbed.machine(1).running());
            testbed.collectEvidence(evidence);
        }
        assertThat(evidence.resolve("logs/n1.1.log")).hasContent("hello\n");
        assertThat(evidence.resolve("disks/n1/holdfast/journal")).hasContent("data\n");
        assertThat(Files.readString(evidence.resolve("n2.kernel.txt"))).contains("10.77.0.12");
        assertThat(Files.readString(evidence.resolve("config/n1.yaml"))).contains("node: n1");
    }

    @Test
    void nothingIsLeftBehindByManyRunsSomeSideBySide() {
        List<String> names = new java.util.ArrayList<>();
        for (int run = 0; run < 10; run++) {
            try (Testbed one = Testbed.create(3); Testbed other = Testbed.create(1)) {
                names.add(one.layout().directory().toString());
                names.add(other.layout().directory().toString());
                one.machine(1).start(List.of("sh", "-c", "setsid unshare --pid --fork sleep 1000 & sleep 1001"));
                other.machine(1).start(List.of("sleep", "1000"));
                other.machine(1).inflict(Fault.FREEZE);
                await().atMost(BOUND).until(() -> one.machine(1).workloadPids().size() == 3);
            }
        }
        names.forEach(directory -> assertLeftNothing(Path.of(directory)));
    }

    @Test
    void whatIsLeftUpStaysUntilTheScriptIsRun() {
        Testbed testbed = Testbed.create(1);
        testbed.machine(1).start(List.of("sleep", "1000"));
        String remove = testbed.leaveUp();
        testbed.close();
        assertThat(testbed.machine(1).running()).isTrue();
        SystemCommand.run("sh", "-c", remove);
        assertLeftNothing(testbed.layout().directory());
    }

    @Test
    void theJanitorRemovesEverythingWhenTheMakerIsKilled(@TempDir Path scratch) throws Exception {
        Path out = scratch.resolve("out");
        Process maker = new ProcessBuilder(JavaCommand.of(List.of("-Xmx64m"), AbandonedTestbed.class.getName(),
                List.of())).redirectOutput(out.toFile()).redirectErrorStream(true).start();
        await().atMost(BOUND).until(() -> Files.readString(out).endsWith("\n"));
        Path directory = Path.of(Files.readString(out).strip());
        assertThat(directory).isDirectory();

        maker.destroyForcibly().waitFor();

        await().atMost(BOUND).until(() -> Files.notExists(directory));
        assertLeftNothing(directory);
    }

    @Test
    void aShutdownHookRemovesEverythingWhenTheMakerIsTerminated(@TempDir Path scratch) throws Exception {
        Path out = scratch.resolve("out");
        Process maker = new ProcessBuilder(JavaCommand.of(List.of("-Xmx64m"), AbandonedTestbed.class.getName(),
                List.of())).redirectOutput(out.toFile()).redirectErrorStream(true).start();
        await().atMost(BOUND).until(() -> Files.readString(out).endsWith("\n"));
        Path directory = Path.of(Files.readString(out).strip());

        maker.destroy();
        maker.waitFor();

        assertLeftNothing(directory);
    }

    /** The directory's name begins with the testbed's. */
    static void assertLeftNothing(Path directory) {
        String name = directory.getFileName().toString().split("-")[0];
        assertThat(directory).doesNotExist();
        assertThat(SystemCommand.run("ip", "netns", "list")).doesNotContain(name);
        assertThat(ProcessHandle.allProcesses().map(handle -> handle.info().commandLine().orElse(""))
                .filter(line -> line.contains(name)).toList()).isEmpty();
        assertThat(SystemCommand.run("cat", "/proc/self/mountinfo")).doesNotContain(name);
    }

    private static boolean clientReaches(Testbed testbed, String address) {
        List<String> command = testbed.inClient(List.of("sh", "-c", knock(address)));
        return refused(SystemCommand.attempt(command.toArray(String[]::new)));
    }

    private static void forgetNeighbours(Testbed testbed) {
        SystemCommand.run("ip", "-n", testbed.layout().clientNamespace(), "neighbour", "flush", "all");
    }

    private static boolean reaches(Machine machine, String address) {
        return refused(machine.run("sh", "-c", knock(address)));
    }

    /** A connection to a port nobody listens on is refused by a host that is there, and times out otherwise. */
    private static String knock(String address) {
        return "timeout 0.5 bash -c '< /dev/tcp/" + address + "/9'";
    }

    private static boolean refused(SystemCommand.Result result) {
        return result.output().contains("refused");
    }

    private static String state(long pid) throws java.io.IOException {
        // The third field of /proc/PID/stat, after the command in brackets; see proc(5).
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        return stat.substring(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    }
}
