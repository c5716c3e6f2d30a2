package io.holdfast.restore.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.linux.LibC;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes in real PID namespaces. */
@Timeout(60)
class WorkloadTest {
    /** A child, and a daemon that lost its parent; each waits for ever. */
    private static final String TREE = "sleep 1000 & (setsid sleep 1001 & exit 0); touch \"$1\"; wait";

    @TempDir
    Path directory;
    private Path stateFile;
    private Workload workload;

    @BeforeEach
    void prepare() {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root: unshare(CLONE_NEWPID)");
        stateFile = directory.resolve("workload.json");
    }

    @AfterEach
    void stop() {
        if (workload != null) {
            workload.kill(5_000);
        }
    }

    private WorkloadSpec shell(String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
        command.addAll(List.of(arguments));
        return new WorkloadSpec(command, directory, List.of(directory), Map.of("GREETING", "hello"), directory.resolve("out"),
            0, 500);
    }

    private Workload startTree() {
        Path ready = directory.resolve("ready");
        Workload started = Workload.start(shell(TREE, ready.toString()), stateFile);
        await().until(() -> Files.exists(ready) && started.processes().size() == 3);
        return started;
    }

    @Test
    void isFirstProcessAndSessionLeaderOfItsNamespaceAndInheritsNothing() throws IOException {
        workload = Workload.start(shell("echo $$ $GREETING $PATH; ls -l /proc/self/fd | wc -l; read x; echo end; exec sleep 1000"), stateFile);
        await().until(() -> Files.readString(directory.resolve("out")).contains("end"));
        List<String> said = Files.readAllLines(directory.resolve("out"));
        assertThat(said.get(0)).startsWith("1 hello /usr/local/sbin:");
        // "total 0", standard input, output, error, and the directory ls itself has open.
        assertThat(said.get(1).strip()).isEqualTo("5");
        String stat = Files.readString(Path.of("/proc/" + workload.pid() + "/stat"));
        assertThat(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3]).as("session").isEqualTo(Long.toString(workload.pid()));
        assertThat(Files.readSymbolicLink(Path.of("/proc/" + workload.pid() + "/ns/mnt")))
            .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")));
        assertThat(Files.readSymbolicLink(Path.of("/proc/" + workload.pid() + "/fd/0"))).isEqualTo(Path.of("/dev/null"));
    }

    @Test
    void runsAtTheUsualPriorityWhateverTheNodesThreadsRunAt() throws Exception {
        Thread preferred = new Thread(() -> {
            LibC.check("setpriority", LibC.niceOfThisThread(-10));
            LibC.check("sched_setscheduler", LibC.batchPolicyOfThisThread());
            workload = Workload.start(shell("sleep 1000"), stateFile);
        });
        preferred.start();
        preferred.join();
        String stat = Files.readString(Path.of("/proc/" + workload.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" "); // the third one on, by proc(5)
        assertThat(fields[19 - 3]).as("nice value").isEqualTo("0");
        assertThat(fields[41 - 3]).as("policy, SCHED_OTHER").isEqualTo("0");
    }

    @Test
    void listsTheWholeTreeAndKillsIt() {
        workload = startTree();
        List<Long> pids = workload.processes();
        assertThat(pids).hasSize(3).startsWith(workload.pid());
        workload.kill(5_000);
        assertThat(pids).noneMatch(pid -> Files.exists(Path.of("/proc/" + pid)));
        assertThat(workload.isAlive()).isFalse();
        assertThat(workload.processes()).isEmpty();
        assertThat(workload.onExit()).isCompletedWithValueMatching(exit -> exit.pid() == pids.get(0));
        assertThat(stateFile).doesNotExist();
        workload.kill(5_000);
    }

    @Test
    void tellsTheExitStatus() throws Exception {
        workload = Workload.start(shell("while [ ! -e go ]; do sleep 0.01; done; exit 7"), stateFile);
        Files.createFile(directory.resolve("go"));
        assertThat(workload.onExit().get(5, TimeUnit.SECONDS).status()).isEqualTo(OptionalInt.of(7));
        assertThat(workload.awaitReady(1_000)).isFalse();
    }

    @Test
    void stopGivesTheProgramTimeAndThenKillsIt() {
        Path ready = directory.resolve("ready");
        workload = Workload.start(shell("trap 'echo bye; exit 3' TERM; touch \"$1\"; while :; do sleep 0.01; done", ready.toString()), stateFile);
        await().until(() -> Files.exists(ready));
        workload.stop();
        assertThat(directory.resolve("out")).hasContent("bye");

        Path again = directory.resolve("again");
        workload = Workload.start(shell("trap '' TERM; touch \"$1\"; while :; do sleep 0.01; done", again.toString()), stateFile);
        await().until(() -> Files.exists(again));
        long beginNanos = System.nanoTime();
        workload.stop();
        assertThat(System.nanoTime() - beginNanos).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(500));
        assertThat(workload.isAlive()).isFalse();
    }

    @Test
    void knowsWhenTheProgramListens() {
        workload = Workload.start(python("import socket,time; s=socket.socket(); s.bind(('127.0.0.77',0)); s.listen(); "
            + "open('port','w').write(str(s.getsockname()[1])); time.sleep(1000)", 9), stateFile);
        assertThat(workload.awaitReady(100)).as("nobody listens on port 9").isFalse();
        Path port = directory.resolve("port");
        await().until(() -> Files.exists(port) && !Files.readString(port).isEmpty());
        workload.kill(5_000);

        workload = Workload.start(python("import socket,time; s=socket.socket(); s.bind(('127.0.0.77',"
            + "int(open('port').read()))); s.listen(); time.sleep(1000)", readPort(port)), stateFile);
        assertThat(workload.awaitReady(10_000)).isTrue();
    }

    private WorkloadSpec python(String script, int readyPort) {
        return new WorkloadSpec(List.of("/usr/bin/python3", "-c", script), directory, List.of(), Map.of(), readyPort, 500);
    }

    private static int readPort(Path file) {
        try {
            return Integer.parseInt(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void saysWhyItCannotStart() {
        assertThatThrownBy(() -> Workload.start(new WorkloadSpec(List.of("/no/such/program"), directory, List.of(), Map.of(), 0, 1),
            stateFile)).isInstanceOf(WorkloadException.class).hasMessage("/no/such/program is not an executable file");
        assertThatThrownBy(() -> Workload.start(new WorkloadSpec(List.of("/bin/true"), Path.of("/no/such"), List.of(), Map.of(), 0, 1),
            stateFile)).isInstanceOf(WorkloadException.class).hasMessageContaining("/no/such does not exist");
    }

    @Test
    void outlivesANodeThatIsKilledAndIsFoundByTheNext() throws Exception {
        Process node = node(stateFile);
        long pid;
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(node.getInputStream()))) {
            String line = reader.lines().filter(said -> said.startsWith("pid ")).findFirst().orElseThrow();
            pid = Long.parseLong(line.substring(4));
        } finally {
            node.destroyForcibly().waitFor();
        }
        assertThat(WorkloadProcesses.of(pid)).as("it runs on").containsExactly(pid);

        assertThat(Workload.killLeftover(stateFile, 5_000)).isTrue();

        // Not more than a dead entry waiting for init, which inherited it.
        assertThat(WorkloadProcesses.of(pid)).isEmpty();
        assertThat(stateFile).doesNotExist();
        assertThat(Workload.killLeftover(stateFile, 5_000)).isFalse();
    }

    /** Another JVM that starts a workload and then waits for ever. */
    private Process node(Path state) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
            System.getProperty("java.class.path"), HoldingNode.class.getName(), directory.toString(), state.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** The main class of that JVM. */
    static final class HoldingNode {
        private HoldingNode() {
        }

        public static void main(String[] arguments) throws InterruptedException {
            Workload held = Workload.start(new WorkloadSpec(List.of("/bin/sleep", "1000"), Path.of(arguments[0]), List.of(),
                Map.of(), 0, 500), Path.of(arguments[1]));
            System.out.println("pid " + held.pid());
            new java.util.concurrent.CountDownLatch(1).await();
        }
    }

    @Test
    void aRecordOfAnEarlierBootOrOfAReusedNumberHarmsNobody() throws IOException {
        workload = startTree();
        String record = Files.readString(stateFile);
        Path other = directory.resolve("other.json");
        Files.writeString(other, record.replaceFirst("\"bootId\":\"[^\"]*\"", "\"bootId\":\"another\""));
        assertThat(Workload.killLeftover(other, 1_000)).isFalse();
        Files.writeString(other, record.replaceAll("\"startTicks\":[0-9]+", "\"startTicks\":1"));
        assertThat(Workload.killLeftover(other, 1_000)).isFalse();
        assertThat(workload.processes()).hasSize(3);
        Files.writeString(other, "{");
        assertThatThrownBy(() -> Workload.killLeftover(other, 1_000)).isInstanceOf(WorkloadException.class)
            .hasMessageContaining("is not a record of a workload");
    }

    @Test
    void aRestoreThatWasUnderWayIsFoundByItsPidFile() throws IOException {
        workload = startTree();
        Path state = directory.resolve("restore.json");
        Path pidFile = directory.resolve("restored-pid");
        Files.writeString(pidFile, Long.toString(workload.pid()));
        WorkloadRecord.now(List.of(), pidFile).write(state);
        assertThat(Workload.killLeftover(state, 5_000)).isTrue();
        await().until(() -> !workload.isAlive());

        Files.writeString(pidFile, Long.toString(ProcessHandle.current().pid()));
        WorkloadRecord.now(List.of(), pidFile).write(state);
        assertThat(Workload.killLeftover(state, 5_000)).as("this JVM is not number 1 of a namespace").isFalse();
    }

    @Test
    void resumesWhatIsStopped() {
        workload = startTree();
        workload.processes().forEach(pid -> PidFd.open(pid).ifPresent(process -> {
            try (process) {
                process.signal(19);
            }
        }));
        await().until(() -> workload.processes().stream().allMatch(pid -> ProcessStat.of(pid).orElseThrow().isStopped()));
        assertThat(WorkloadProcesses.resume(workload.pid())).hasSize(3);
        await().until(() -> workload.processes().stream().noneMatch(pid -> ProcessStat.of(pid).orElseThrow().isStopped()));
    }
}
