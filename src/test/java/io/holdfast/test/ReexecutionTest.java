package io.holdfast.test;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.cli.HoldfastCommand;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.JavaCommand;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stretch of a real journal executed again, from a real checkpoint: the workload answers what it answered then, in the clear
 * and under TLS, every time.
 */
class ReexecutionTest {
    private static final int TLS_PORT = 6380;
    /** Long enough for a checkpoint on a busy machine. */
    private static final Duration LIFETIME = Duration.ofSeconds(15);
    private static final Duration BOUND = Duration.ofSeconds(60);
    /** Each takeover makes one; on a busy machine some happen by themselves, and must not push out the one looked at. */
    private static final int KEPT = 30;
    private static final Pattern PROCESS = Pattern.compile("gdb -p ([0-9]+)");
    private static final List<String> COMMAND_FLAGS = List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    @TempDir
    private Path dir;

    /** Of one command line: what it printed and how it ended. */
    private record Run(int exitCode, String out, String err) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(out);
        }
    }

    @Test
    void theWorkloadAnswersWhatItAnsweredThenByteByByteAlsoUnderTls() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/tshark")), "tshark is not installed");
        Path key = dir.resolve("key.pem");
        Path certificate = dir.resolve("certificate.pem");
        SystemCommand.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key.toString(), "-out",
                certificate.toString(), "-days", "2", "-subj", "/CN=holdfast");
        RunningCluster.run("reexecution", spec -> withTls(spec, key, certificate), cluster -> {
            cluster.client().open(2, 1);
            try (RecordedClient plain = new RecordedClient(cluster.testbed().clientThreads(), "plain", Layout.WORKLOAD_PORT, false);
                    RecordedClient tls = new RecordedClient(cluster.testbed().clientThreads(), "tls", TLS_PORT, true)) {
                plain.count(50);
                tls.count(50);
                long mark = cluster.checkpoint();
                for (int i = 0; i < 30; i++) {
                    plain.count(5);
                    tls.count(5);
                }
                cluster.letCount(200);
                Path service = service(cluster, cluster.standby(0));
                long last = lastIndex(service);
                String before = digests(service.resolve("checkpoints"));

                JsonNode first = replay(service, mark, last, 0);
                expectAsReceived(first, plain);
                expectAsReceived(first, tls);
                JsonNode second = replay(service, mark, last, 0, "--speed", "recorded", "--pcap",
                        dir.resolve("both.pcapng").toString());
                expectInPcap(dir.resolve("both.pcapng"), second, plain);
                assertThat(second.get("sha256")).as("digest of the second run").isEqualTo(first.get("sha256"));
                assertThat(acknowledged(second)).isEqualTo(acknowledged(first));
                assertThat(digests(service.resolve("checkpoints"))).as("checkpoints as before").isEqualTo(before);

                stopAndLook(service, mark, last, plain.count(1) - 1);
                whatHangsOnTheClockPartsAndIsTold(cluster);
            }
            cluster.expectNothingLost();
        });
    }

    /** A key that has lived out its time by now counts from the beginning again: six digits fewer. */
    private void whatHangsOnTheClockPartsAndIsTold(RunningCluster cluster) throws Exception {
        try (RecordedClient client = new RecordedClient(cluster.testbed().clientThreads(), "mortal", Layout.WORKLOAD_PORT, false)) {
            long over = System.nanoTime() + LIFETIME.toNanos();
            assertThat(client.ask("SET mortal 1000000 PX " + LIFETIME.toMillis())).isEqualTo("+OK");
            long mark = cluster.checkpoint();
            long parts = client.receivedBytes() + ":1\r\n".length();
            assertThat(client.count(1)).as("the key lives").isEqualTo(1_000_001);
            client.ask("PING");
            client.ask("PING");
            Path service = service(cluster, cluster.standby(0));
            long last = lastIndex(service);
            Awaitility.await("the key's time is over").atMost(BOUND).until(() -> System.nanoTime() - over > 0);

            JsonNode parting = connection(replay(service, mark, last, 1), client).get("parting");
            assertThat(parting.get("atByte").asLong()).as("where the answers end").isEqualTo(parts);
            assertThat(parting.get("missingBytes").asLong()).isEqualTo(6);
            assertThat(parting.get("entry").asLong()).isBetween(mark + 1, last);
        }
    }

    private void stopAndLook(Path service, long mark, long last, long expected) throws Exception {
        for (boolean killed : new boolean[] {false, true}) {
            Path said = dir.resolve("said-" + killed);
            List<String> arguments = List.of("inspect", "replay", service.resolve("journal").toString(), "--from",
                    Long.toString(mark), "--break-at", Long.toString(last));
            Process process = new ProcessBuilder(JavaCommand.of(COMMAND_FLAGS, HoldfastCommand.class.getName(), arguments))
                    .redirectErrorStream(true).redirectOutput(said.toFile()).start();
            try {
                long workload = awaitWorkload(process, said);
                assertThat(SystemCommand.run("nsenter", "-t", Long.toString(workload), "-n", "redis-cli", "-h", Layout.VIP, "get",
                        "plain").strip()).as("the count at entry %d", last).isEqualTo(Long.toString(expected));
                if (killed) {
                    process.destroyForcibly();
                } else {
                    process.destroy();
                }
                assertThat(process.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).as("it ends").isTrue();
                Awaitility.await("the workload is gone").atMost(BOUND)
                        .until(() -> ProcessHandle.of(workload).isEmpty());
            } finally {
                process.destroyForcibly();
            }
        }
    }

    private static long awaitWorkload(Process process, Path said) {
        Awaitility.await("it says how to connect").atMost(BOUND)
                .until(() -> !process.isAlive() || PROCESS.matcher(Files.readString(said)).find());
        try {
            Matcher matcher = PROCESS.matcher(Files.readString(said));
            assertThat(matcher.find()).as(Files.readString(said)).isTrue();
            return Long.parseLong(matcher.group(1));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static ClusterSpec withTls(ClusterSpec spec, Path key, Path certificate) {
        List<String> command = new ArrayList<>(spec.workload());
        command.addAll(List.of("--tls-port", Integer.toString(TLS_PORT), "--tls-cert-file", certificate.toString(),
                "--tls-key-file", key.toString(), "--tls-ca-cert-file", certificate.toString(), "--tls-auth-clients", "no"));
        return spec.withCheckpoint("criu", 600_000).withCheckpointsKept(KEPT).withWorkload(command, spec.workloadPort());
    }

    /** The bytes the client got off the wire are those the workload sends again. */
    private static void expectAsReceived(JsonNode report, RecordedClient client) throws Exception {
        JsonNode answers = connection(report, client);
        long offset = answers.get("streamOffset").asLong();
        long length = answers.get("acknowledgedBytes").asLong();
        assertThat(offset).as("the session is older than the mark").isPositive();
        assertThat(length).as("answers").isGreaterThan(500);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(client.received(offset, length));
        assertThat(answers.get("acknowledgedSha256").asText()).as("what %s received", client.name())
                .isEqualTo(HexFormat.of().formatHex(digest));
    }

    /** The answers stand in the packets as well, under the clone's numbers and beside the questions. */
    private static void expectInPcap(Path file, JsonNode report, RecordedClient client) {
        JsonNode answers = connection(report, client);
        String port = client.name().replaceAll(".*:([0-9]+)->", "$1");
        String hex = String.join("", SystemCommand.run("tshark", "-n", "-r", file.toString(), "-Y", "ip.src == " + Layout.VIP
                + " && tcp.dstport == " + port + " && tcp.len > 0 && !tcp.analysis.retransmission", "-T", "fields", "-e",
                "tcp.payload").lines().filter(line -> !line.startsWith("Running as user")).toList());
        assertThat(hex).startsWith(HexFormat.of().formatHex(client.received(answers.get("streamOffset").asLong(),
                answers.get("acknowledgedBytes").asLong())));
    }

    private static JsonNode connection(JsonNode report, RecordedClient client) {
        for (JsonNode each : report.get("connections")) {
            if (each.get("connection").asText().startsWith(client.name())) {
                return each;
            }
        }
        throw new AssertionError("no connection of " + client.name() + " in " + report);
    }

    private static TreeMap<String, String> acknowledged(JsonNode report) {
        TreeMap<String, String> digests = new TreeMap<>();
        report.get("connections").forEach(each -> digests.put(each.get("connection").asText(),
                each.get("acknowledgedBytes").asText() + " " + each.get("acknowledgedSha256").asText()));
        return digests;
    }

    private static JsonNode replay(Path service, long mark, long last, int exitCode, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of("inspect", "replay", service.resolve("journal").toString(), "--from",
                Long.toString(mark), "--to", Long.toString(last), "--json"));
        command.addAll(List.of(more));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Run run = new Run(HoldfastCommand.execute(new PrintWriter(out), new PrintWriter(err), command.toArray(String[]::new)),
                out.toString(), err.toString());
        assertThat(run.exitCode()).as(run.err() + run.out()).isEqualTo(exitCode);
        return run.json();
    }

    private static Path service(RunningCluster cluster, Machine machine) {
        return cluster.testbed().layout().disk(machine.number()).resolve("holdfast").resolve(ClusterSpec.SERVICE);
    }

    private static long lastIndex(Path service) {
        try (JournalReader reader = JournalReader.open(service.resolve("journal"))) {
            return reader.lastIndex();
        }
    }

    /** Name, time of change and content of every file. */
    private static String digests(Path directory) throws Exception {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                all.append(file).append(' ').append(Files.getAttribute(file, "unix:ctime")).append(' ')
                        .append(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))))
                        .append('\n');
            }
        }
        return all.toString();
    }
}
