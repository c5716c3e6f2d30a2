package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that are open but have no (or another) name, a Unix socket, a named pipe, shared memory. */
@Timeout(60)
class OddFilesTest {
    private static final String PROGRAM = """
        import mmap, os, socket, time
        deleted = open('deleted', 'w+'); deleted.write('still here'); deleted.flush(); os.unlink('deleted')
        linked = open('linked', 'w+'); linked.write('other name'); linked.flush(); os.link('linked', 'kept'); os.unlink('linked')
        shared = mmap.mmap(os.open('shared', os.O_RDWR | os.O_CREAT), 0) if os.path.exists('shared') else None
        with open('shared', 'wb') as f: f.write(b'0' * 4096)
        shared = mmap.mmap(os.open('shared', os.O_RDWR), 4096); shared[0:4] = b'mmap'
        server = socket.socket(socket.AF_UNIX); server.bind('socket'); server.listen()
        os.mkfifo('pipe'); pipe = os.open('pipe', os.O_RDWR); os.write(pipe, b'in the pipe')
        open('ready', 'w').close()
        while not os.path.exists('go'): time.sleep(0.01)
        deleted.seek(0); linked.seek(0)
        client = socket.socket(socket.AF_UNIX); client.connect('socket'); server.accept()
        answer = '%s|%s|%s|%s' % (deleted.read(), linked.read(), shared[0:4].decode(), os.read(pipe, 100).decode())
        open('answer.new', 'w').write(answer); os.rename('answer.new', 'answer')
        time.sleep(1000)
        """;

    @TempDir
    Path directory;
    private Workload workload;

    @AfterEach
    void stop() {
        if (workload != null) {
            workload.kill(5_000);
        }
    }

    @Test
    void areThereAgainAfterARestore() throws IOException {
        CriuTest.assumeCriu();
        Path data = Files.createDirectory(directory.resolve("data"));
        WorkloadSpec spec = new WorkloadSpec(List.of("/usr/bin/python3", "-c", PROGRAM), data, List.of(data), Map.of(),
            data.resolve("output"), 0, 1_000);
        Path state = directory.resolve("state");
        workload = Workload.start(spec, state);
        await().until(() -> Files.exists(data.resolve("ready")));
        Criu criu = new Criu(CriuTest.CRIU, directory.resolve("criu"), 30_000);
        CheckpointStore store = CheckpointStore.open(directory.resolve("checkpoints"), 1 << 30);
        VerifiedCheckpoint taken;
        try (CheckpointDraft draft = store.draft()) {
            criu.dump(workload.pid(), draft.imageDirectory(), store.maxBytes(), () -> draft.copyData(List.of(data)));
            taken = draft.complete("odd", 1, 1, "4.2", Map.of());
        }
        try (var left = Files.list(data)) {
            assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("link_remap"));
        }
        workload.kill(5_000);

        taken.restoreDataDirectories(List.of(data));
        workload = Workload.restore(spec, state, (pidFile, started) ->
            criu.restore(taken.imageDirectory(), pidFile, started).pid());
        Files.createFile(data.resolve("go"));
        await().until(() -> Files.exists(data.resolve("answer")) || !workload.isAlive());

        assertThat(data.resolve("output")).hasContent("");
        assertThat(data.resolve("answer")).hasContent("still here|other name|mmap|in the pipe");
    }
}
