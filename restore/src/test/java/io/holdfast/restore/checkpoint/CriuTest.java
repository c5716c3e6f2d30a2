package io.holdfast.restore.checkpoint;

import org.awaitility.Awaitility;
import java.time.Duration;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadProcesses;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Redis, dumped and restored by the real CRIU. */
@Timeout(120)
class CriuTest {
    static final Path CRIU = Path.of("/opt/holdfast/criu/bin/criu");
    private static final Logger LOG = LoggerFactory.getLogger(CriuTest.class);
    private static final long MAX_BYTES = 1L << 30;
    private static final String PORT = "6399";

    @TempDir
    Path directory;
    private TestNet net;
    private Criu criu;
    private CheckpointStore store;
    private Path data;
    private Path stateFile;
    private Workload workload;

    @BeforeEach
    void start() throws IOException {
        assumeCriu();
        net = new TestNet();
        criu = new Criu(net.wrap(CRIU, directory.resolve("criu.sh")), directory.resolve("criu"), 30_000);
        store = CheckpointStore.open(directory.resolve("checkpoints"), MAX_BYTES);
        data = Files.createDirectory(directory.resolve("data"));
        stateFile = directory.resolve("workload.json");
        workload = Workload.start(redis(), stateFile);
        assertThat(workload.awaitReady(10_000)).as("redis listens").isTrue();
    }

    static void assumeCriu() {
        Assumptions.assumeTrue(Files.isExecutable(CRIU), "CRIU is not installed: " + CRIU);
        CriuCheck check = new CriuProbe(CRIU, "4.2", 30_000).check();
        Assumptions.assumeTrue(check.usable(), check.reason());
    }

    @AfterEach
    void stop() {
        if (workload != null) {
            workload.kill(5_000);
        }
        if (net != null) {
            net.close();
        }
    }

    private WorkloadSpec redis() {
        return new WorkloadSpec(net.command("/usr/bin/redis-server", "--port", PORT, "--bind", "127.0.0.1", "--dir",
            data.toString(), "--save", "", "--appendonly", "yes", "--appendfsync", "always"), data, List.of(data), Map.of(),
            Integer.parseInt(PORT), 5_000);
    }

    private String redis(String... command) {
        List<String> all = new java.util.ArrayList<>(List.of("redis-cli", "-p", PORT));
        all.addAll(List.of(command));
        return net.run(all.toArray(String[]::new));
    }

    private VerifiedCheckpoint checkpoint(long markIndex) {
        try (CheckpointDraft draft = store.draft();
             PreparedDump dump = criu.prepareDump(workload.pid(), draft.imageDirectory(), MAX_BYTES)) {
            DumpResult times = dump.run(() -> draft.copyData(List.of(data)));
            long beginNanos = System.nanoTime();
            VerifiedCheckpoint taken = draft.complete("redis", markIndex, 1, "4.2", Map.of());
            LOG.info("{}, {} bytes, digests and force {} us", times, taken.manifest().totalBytes(), (System.nanoTime() - beginNanos) / 1000);
            return taken;
        }
    }

    private void restore(long markIndex) {
        VerifiedCheckpoint checkpoint = store.verify(markIndex, store.manifestDigest(markIndex));
        checkpoint.restoreDataDirectories(List.of(data));
        workload = Workload.restore(redis(), stateFile, (pidFile, started) -> {
            RestoredTree tree = criu.restore(checkpoint.imageDirectory(), pidFile, started);
            LOG.info("{}", tree);
            return tree.pid();
        });
    }

    @Test
    void theWorkloadRunsOnAndTheImageHasTheMoment() {
        redis("incr", "a");
        checkpoint(17);
        assertThat(redis("incr", "a")).isEqualTo("2");
        workload.kill(5_000);

        restore(17);

        assertThat(redis("get", "a")).isEqualTo("1");
        assertThat(redis("incr", "a")).isEqualTo("2");
        assertThat(workload.isAlive()).isTrue();
    }

    @Test
    void theDataDirectoryIsOfTheSameMoment() throws IOException {
        redis("set", "before", "1");
        checkpoint(17);
        redis("set", "after", "1");
        Files.writeString(data.resolve("stray"), "x");
        workload.kill(5_000);

        restore(17);
        redis("set", "later", "1");
        assertThat(appendOnlyFile()).contains("before").contains("later").doesNotContain("after");
        assertThat(data.resolve("stray")).doesNotExist();

        // And Redis itself makes sense of what is on the disk.
        workload.kill(5_000);
        workload = Workload.start(redis(), stateFile);
        assertThat(workload.awaitReady(10_000)).isTrue();
        // It listens before it has read its file.
        Awaitility.await().atMost(Duration.ofSeconds(10))
            .untilAsserted(() -> assertThat(redis("dbsize")).isEqualTo("2"));
    }

    private String appendOnlyFile() throws IOException {
        return Files.readString(data.resolve("appendonlydir").resolve("appendonly.aof.1.incr.aof"));
    }

    @Test
    void isRestoredAgainAndAgain() {
        for (int i = 1; i <= 5; i++) {
            assertThat(redis("incr", "a")).isEqualTo(Integer.toString(i));
            checkpoint(i);
            workload.kill(5_000);
            restore(i);
        }
        assertThat(redis("incr", "a")).isEqualTo("6");
    }

    @Test
    void everythingStandsStillWhileTheDataIsCopied() {
        try (CheckpointDraft draft = store.draft()) {
            criu.dump(workload.pid(), draft.imageDirectory(), MAX_BYTES, () ->
                assertThat(workload.processes()).isNotEmpty().allSatisfy(pid ->
                    assertThat(Path.of("/proc/" + pid + "/stat")).content().containsPattern("\\) [tT] ")));
        }
        assertThat(redis("ping")).isEqualTo("PONG");
    }

    @Test
    void theWorkloadRunsOnWhenTheCopyFails() {
        CheckpointDraft draft = store.draft();
        assertThatThrownBy(() -> criu.dump(workload.pid(), draft.imageDirectory(), MAX_BYTES, () -> {
            throw new IllegalStateException("no room");
        })).hasMessage("no room");
        draft.close();
        assertThat(redis("incr", "a")).isEqualTo("1");
        checkpoint(3);
        assertThat(store.list()).containsExactly(3L);
    }

    @Test
    void nothingHappensToTheWorkloadWhenAPreparedDumpIsNotRun() {
        CheckpointDraft draft = store.draft();
        criu.prepareDump(workload.pid(), draft.imageDirectory(), MAX_BYTES).close();
        draft.close();
        assertThat(redis("incr", "a")).isEqualTo("1");
        assertThat(directory.resolve("checkpoints")).isEmptyDirectory();
    }

    @Test
    void aDumpThatTakesTooLongIsGivenUpAndTheWorkloadRunsOn() throws IOException {
        Criu hasty = new Criu(net.wrap(CRIU, directory.resolve("criu2.sh")), directory.resolve("criu2"), 300);
        CheckpointDraft draft = store.draft();
        assertThatThrownBy(() -> hasty.dump(workload.pid(), draft.imageDirectory(), MAX_BYTES, () ->
            org.awaitility.Awaitility.await().pollDelay(java.time.Duration.ofMillis(400)).until(() -> true)))
            .isInstanceOf(CriuException.class).hasMessageContaining("did not end within 300 ms");
        draft.close();
        assertThat(redis("incr", "a")).isEqualTo("1");
    }

    @Test
    void theMemoryOfTheWorkloadIsBounded() {
        CheckpointDraft draft = store.draft();
        assertThatThrownBy(() -> criu.prepareDump(workload.pid(), draft.imageDirectory(), 1000))
            .isInstanceOf(CheckpointTooLargeException.class).hasMessageContaining("the bound is 1000");
        draft.close();
    }

    @Test
    void anImageThatIsBrokenLeavesNothingRunning() throws IOException {
        VerifiedCheckpoint taken = checkpoint(17);
        Path image = taken.imageDirectory();
        workload.kill(5_000);
        taken.restoreDataDirectories(List.of(data));
        Path pages = image.resolve("pages-1.img");
        try (RandomAccessFile file = new RandomAccessFile(pages.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }
        assertThatThrownBy(() -> store.verify(17, store.manifestDigest(17)))
            .isInstanceOf(CheckpointDamagedException.class).hasMessageContaining("image/pages-1.img has");

        long[] criuPid = new long[1];
        assertThatThrownBy(() -> Workload.restore(redis(), stateFile, (pidFile, started) ->
            criu.restore(image, pidFile, pid -> {
                criuPid[0] = pid;
                started.accept(pid);
            }).pid()))
            .isInstanceOf(CriuException.class).hasMessageContaining("turns in circles").hasMessageContaining("criu.log");
        assertThat(WorkloadProcesses.of(criuPid[0])).isEmpty();
        assertThat(redisProcesses()).isEmpty();
        workload = null;
        assertThat(Workload.killLeftover(stateFile, 5_000)).isFalse();
    }

    @Test
    void aRestoreThatTheCallerBreaksOffLeavesNothingRunning() {
        VerifiedCheckpoint taken = checkpoint(17);
        Path image = taken.imageDirectory();
        workload.kill(5_000);
        taken.restoreDataDirectories(List.of(data));
        Path pidFile = directory.resolve("pid");
        assertThatThrownBy(() -> criu.restore(image, pidFile, pid -> {
            org.awaitility.Awaitility.await().until(() -> WorkloadProcesses.of(pid).isEmpty());
            throw new IllegalStateException("broken off after CRIU has ended");
        })).isInstanceOf(IllegalStateException.class);
        assertThat(pidFile).as(() -> TestNet.sh("tail -n 30 " + directory.resolve("criu") + "/run-*/*")).exists();
        assertThat(redisProcesses()).isEmpty();
    }

    @Test
    void aMissingFileIsNamed() {
        redis("incr", "a");
        Path image = checkpoint(17).imageDirectory();
        workload.kill(5_000);
        Directories.empty(data);
        assertThatThrownBy(() -> criu.restore(image, directory.resolve("pid"), pid -> { }))
            .isInstanceOf(CriuException.class).hasMessageContaining("appendonly.aof");
        assertThat(redisProcesses()).isEmpty();
    }

    @Test
    void aProcessThatIsNotThereCannotBeDumped() {
        workload.kill(5_000);
        CheckpointDraft draft = store.draft();
        assertThatThrownBy(() -> criu.dump(workload.pid(), draft.imageDirectory(), MAX_BYTES, () -> { }))
            .isInstanceOf(CriuException.class).satisfies(e -> assertThat(((CriuException) e).log()).exists());
        draft.close();
    }

    /** The restored tree is in no list of ours when its restore fails, so it is looked for everywhere. */
    private List<String> redisProcesses() {
        return ProcessHandle.allProcesses().map(process -> process.info().commandLine().orElse(""))
            .filter(line -> line.contains(data.toString())).toList();
    }
}
