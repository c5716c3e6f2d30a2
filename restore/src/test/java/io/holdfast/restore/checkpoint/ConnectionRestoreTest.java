package io.holdfast.restore.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.restore.workload.Workload;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server of several processes moves, connection and all, from one network namespace to another. */
@Timeout(60)
class ConnectionRestoreTest {
    private static final long MAX_BYTES = 1L << 30;
    private static final int PORT = 7777;
    private static final String SERVER_ADDRESS = "10.99.0.1";
    /** Master and two workers, as many servers have them; each worker counts what it was asked in a file and in memory. */
    private static final String SERVER = """
        import os, socket, sys, time
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('10.99.0.1', 7777))
        s.listen()
        for worker in range(2):
            if os.fork() == 0:
                log = open('asked-%d' % worker, 'a', buffering=1)
                while True:
                    c, peer = s.accept()
                    f = c.makefile('rw', buffering=1)
                    n = 0
                    for line in f:
                        n += 1
                        log.write(line)
                        f.write('%d %d %s' % (os.getpid(), n, line))
                    c.close()
        while True:
            os.wait()
        """;

    @TempDir
    Path directory;
    private TestNet before;
    private TestNet after;
    private TestNet clients;
    private Path data;
    private Path stateFile;
    private Workload workload;

    @BeforeEach
    void start() throws IOException {
        CriuTest.assumeCriu();
        before = new TestNet();
        after = new TestNet();
        clients = new TestNet();
        link(before);
        data = Files.createDirectory(directory.resolve("data"));
        Files.writeString(directory.resolve("server.py"), SERVER);
        stateFile = directory.resolve("workload.json");
        workload = Workload.start(spec(before), stateFile);
        assertThat(workload.awaitReady(10_000)).isTrue();
    }

    private WorkloadSpec spec(TestNet net) {
        return new WorkloadSpec(net.command("/usr/bin/python3", directory.resolve("server.py").toString()), data, List.of(data),
            Map.of(), data.resolve("output"), PORT, 5_000);
    }

    @AfterEach
    void stop() {
        if (workload != null) {
            workload.kill(5_000);
        }
        for (TestNet net : new TestNet[] {before, after, clients}) {
            if (net != null) {
                net.close();
            }
        }
    }

    /** A cable from the clients to the server; what was there before is gone, with everything still on the way. */
    private void link(TestNet server) {
        TestNet.sh("ip -n " + clients.name() + " link del c 2>/dev/null; ip link add c netns " + clients.name()
            + " type veth peer name s netns " + server.name());
        TestNet.sh("ip -n " + clients.name() + " addr add 10.99.0.2/24 dev c && ip -n " + clients.name() + " link set c up");
        TestNet.sh("ip -n " + server.name() + " addr add " + SERVER_ADDRESS + "/24 dev s && ip -n " + server.name() + " link set s up");
    }

    private static String ask(Socket client, BufferedReader answers, String question) throws IOException {
        client.getOutputStream().write((question + "\n").getBytes(StandardCharsets.US_ASCII));
        return answers.readLine();
    }

    @Test
    void theConnectionGoesOnElsewhere() throws Exception {
        CheckpointStore store = CheckpointStore.open(directory.resolve("checkpoints"), MAX_BYTES);
        Criu here = new Criu(before.wrap(CriuTest.CRIU, directory.resolve("here.sh")), directory.resolve("here"), 30_000);
        Criu there = new Criu(after.wrap(CriuTest.CRIU, directory.resolve("there.sh")), directory.resolve("there"), 30_000);
        try (Socket client = clients.call(() -> {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(SERVER_ADDRESS, PORT), 5_000);
            socket.setSoTimeout(20_000);
            return socket;
        })) {
            BufferedReader answers = new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
            String first = ask(client, answers, "one");
            String worker = first.split(" ")[0];
            assertThat(first).isEqualTo(worker + " 1 one");
            assertThat(workload.processes()).hasSize(3);

            VerifiedCheckpoint taken;
            try (CheckpointDraft draft = store.draft()) {
                here.dump(workload.pid(), draft.imageDirectory(), MAX_BYTES, () -> draft.copyData(List.of(data)));
                taken = draft.complete("server", 1, 1, "4.2", Map.of());
            }
            // The machine is gone: first the cable, so that nobody hears the sockets die.
            TestNet.sh("ip -n " + clients.name() + " link del c");
            workload.kill(5_000);
            Files.writeString(data.resolve("asked-0"), "garbage");
            link(after);

            taken.restoreDataDirectories(List.of(data));
            workload = Workload.restore(spec(after), stateFile, (pidFile, started) ->
                there.restore(taken.imageDirectory(), pidFile, started).pid());

            assertThat(ask(client, answers, "two")).isEqualTo(worker + " 2 two");
            assertThat(workload.processes()).hasSize(3);
            assertThat(Files.readString(data.resolve("asked-0")) + Files.readString(data.resolve("asked-1"))).isEqualTo("one\ntwo\n");
        }
    }
}
