package io.holdfast.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.admin.AdminServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Against small HTTP servers on 127/8 that answer as nodes do. */
@Timeout(90)
class StatusCommandTest {

    private static final String PRIMARY = """
            {"node":"n1","refused":{"count":0,"last":null,"reason":null,"epochMillis":0},
            "services":[{"name":"redis","role":"PRIMARY","state":"LIVE","term":3,"leader":"n1",
            "committedIndex":120,"appliedIndex":119,"lastIndex":121,"vip":"10.77.0.100","vipHeld":true,
            "leaseHeld":true,"workload":{"state":"RUNNING","pid":123},
            "checkpoint":{"readyIndex":99,"ageMs":1400,"bytes":4096,"held":true,"gateClosedMs":12.5},"connections":9,
            "message":"a standby is missing","leaseLapses":2,"connectionsClosed":1,
            "members":[{"name":"n2","reachable":true,"lastIndex":118},{"name":"n3","reachable":false,"lastIndex":0}],
            "lastTakeover":{"node":"n1","term":3,"reason":"from checkpoint 99","startedEpochMillis":1,
            "stepsMs":{"ELECTED":1.0,"CAPTURED":12.0,"LIVE":230.4},"details":{"REPLAYED":"77 entries"}},
            "laterField":{"unknown":true}}]}
            """;
    private static final String STANDBY = """
            {"node":"n2","refused":{"count":7,"last":"10.0.0.9:4711","reason":"no TLS handshake: it holds another key: ab","epochMillis":1700000000000},
            "services":[{"name":"redis","role":"STANDBY","refused":{"count":1,"last":"10.0.0.8:1","reason":"silence","epochMillis":0},"state":"FOLLOWING","term":3,"leader":"n1",
            "committedIndex":117,"appliedIndex":117,"lastIndex":118,"vip":"10.77.0.100","vipHeld":false,
            "leaseHeld":false,"workload":null,"checkpoint":null,"connections":0,"members":[],"lastTakeover":null}]}
            """;

    private final List<HttpServer> servers = new ArrayList<>();
    private final List<AdminServer> admins = new ArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @AfterEach
    void stopServers() {
        end.countDown();
        servers.forEach(server -> server.stop(0));
        admins.forEach(AdminServer::close);
    }

    @Test
    void everyNodeIsARowAndALivePrimaryIsSuccess() throws Exception {
        int code = status("--node", node(PRIMARY), "--node", node(STANDBY));
        assertThat(code).isZero();
        assertThat(out.toString()).containsSubsequence("service redis", "n1", "PRIMARY", "LIVE", "120", "119",
                "10.77.0.100", "held", "RUNNING", "@99 1.4 s", "9", "n2", "STANDBY", "FOLLOWING", "117");
        assertThat(out.toString()).contains("n1 sees: n2 at 118, n3 unreachable")
                .contains("by n1 in term 3, 243 ms: ELECTED 1 ms, CAPTURED 12 ms, LIVE 230 ms")
                .contains("REPLAYED: 77 entries").contains("lapsed 2 times; 1 connections closed on purpose")
                .contains("n1 says: a standby is missing");
        assertThat(row("n2")[6]).as("lag").isEqualTo("2");
        assertThat(out.toString()).contains("n2's admin endpoint refused 7 connections, the last from 10.0.0.9:4711 at 2023-11-14T22:13:20Z:"
                + " no TLS handshake: it holds another key: ab").contains("n2's group port refused 1 connections, the last from 10.0.0.8:1 at ")
                .doesNotContain("n1's admin endpoint");
    }

    @Test
    void anUnreachableNodeIsARowAndAHangingOneDoesNotHoldUpTheOthers() throws Exception {
        long started = System.nanoTime();
        int code = status("--timeout-ms", "5000", "--node", node(STANDBY), "--node", hangingNode(), "--node",
                unusedEndpoint());
        assertThat(code).isEqualTo(1);
        assertThat(System.nanoTime() - started).as("ns; it hangs until the test ends").isLessThan(60_000_000_000L);
        assertThat(out.toString().lines().filter(line -> line.contains("unreachable: "))).hasSize(2);
    }

    @Test
    void withNoNodeReachedThereIsNoSuccess() throws Exception {
        assertThat(status("--timeout-ms", "500", "--node", unusedEndpoint())).isEqualTo(1);
        assertThat(out.toString()).contains("unreachable");
    }

    @Test
    void whoIsRefusedIsToldByWhichKeyItAsked(@TempDir Path directory) throws Exception {
        ClusterKey theirs = ClusterKey.generate(directory.resolve("theirs"));
        ClusterKey ours = ClusterKey.generate(directory.resolve("ours"));
        Path both = directory.resolve("both");
        Files.copy(directory.resolve("ours"), both, StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(both, Files.readString(directory.resolve("theirs")).replaceAll("(?s).*(?=-----BEGIN CERT)", ""),
                StandardOpenOption.APPEND);
        String closed = endpoint(ClusterTraffic.closedBy(theirs));
        String open = endpoint(ClusterTraffic.OPEN);
        for (String key : List.of("ours", "both")) { // the second one accepts the node and is refused by it
            assertThat(refused(closed, directory.resolve(key).toString())).contains("(asked with traffic closed by key " + ours.fingerprint() + ")");
        }
        assertThat(refused(closed, "none")).contains("(asked without a key)");
        assertThat(refused(open, directory.resolve("ours").toString())).contains("(asked with traffic closed by key ");
    }

    private String refused(String node, String key) {
        out.getBuffer().setLength(0);
        int exitCode = new CommandLine(new StatusCommand()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err))
                .execute("--key", key, "--node", node, "--timeout-ms", "20000");
        assertThat(exitCode).isEqualTo(1);
        return out.toString();
    }

    private String endpoint(ClusterTraffic traffic) throws IOException {
        String free = unusedEndpoint();
        InetSocketAddress address = ClusterAddresses.parse(free);
        AdminServer admin = new AdminServer(address, traffic, address.getAddress()::equals);
        admin.start();
        admins.add(admin);
        return free;
    }

    @Test
    void jsonCarriesTheNodesOwnWords() throws Exception {
        assertThat(status("--json", "--node", node(PRIMARY), "--node", unusedEndpoint())).isZero();
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(json.get(0).get("status")).isEqualTo(new ObjectMapper().readTree(PRIMARY));
        assertThat(json.get(1).get("reachable").asBoolean(true)).isFalse();
        assertThat(json.get(1).get("failure").asText()).isNotEmpty();
    }

    @Test
    void theNodesComeFromAConfigurationFileToo(@TempDir Path directory) throws Exception {
        String[] endpoint = node(PRIMARY).split(":");
        Path config = directory.resolve("n1.yaml");
        Files.writeString(config, """
                node: n1
                dataDir: /var/lib/holdfast
                cluster:
                  - {name: n1, address: %s, adminPort: %s}
                services:
                  - name: redis
                    vip: 10.77.0.100/24
                    interface: eth0
                    groupPort: 7800
                    workload: {command: [/usr/bin/redis-server]}
                """.formatted(endpoint[0], endpoint[1]));
        assertThat(status("--config", config.toString())).as(err.toString()).isZero();
    }

    @Test
    void wrongArgumentsAreToldApartFromABadAnswer(@TempDir Path directory) {
        assertThat(status()).isEqualTo(2);
        assertThat(status("--config", directory.resolve("none.yaml").toString())).isEqualTo(2);
        assertThat(status("--node", "host:port")).isEqualTo(2);
        assertThat(err.toString()).contains("none.yaml").contains("'host:port' is not HOST or HOST:PORT");
    }

    @Test
    void aCheckpointIsAskedOfTheLivePrimary() throws Exception {
        int code = new CommandLine(new CheckpointCommand()).setOut(new PrintWriter(out))
                .execute("--key", "none", "--node", node(STANDBY), "--node", node(PRIMARY));
        assertThat(code).isZero();
        assertThat(out.toString()).contains("ready at entry 130: 5000 bytes in ").contains(
                "packets waited 9 ms, held by [\"n1\",\"n2\"]");
    }

    @Test
    void withoutALivePrimaryThereIsNoCheckpoint() throws Exception {
        String gone = unusedEndpoint();
        int code = new CommandLine(new CheckpointCommand()).setErr(new PrintWriter(err))
                .execute("--key", "none", "--node", node(STANDBY), "--node", gone);
        assertThat(code).isEqualTo(1);
        assertThat(err.toString()).contains("No node is the live primary of redis", gone + " is unreachable: Connection refused");
    }

    private int status(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--key", "none"));
        all.addAll(List.of(arguments));
        return new CommandLine(new StatusCommand()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    /** The cells of a node's row. */
    private String[] row(String node) {
        return out.toString().lines().map(String::strip).filter(line -> line.startsWith(node + " ")).findFirst()
                .orElseThrow().split(" {2,}");
    }

    private String node(String status) throws IOException {
        HttpServer server = server();
        server.createContext("/status", exchange -> {
            byte[] body = status.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.createContext("/services/redis/checkpoint", exchange -> {
            byte[] body = """
                    {"markIndex":130,"bytes":5000,"holders":["n1","n2"],"gateClosedMs":9.2}""".getBytes(StandardCharsets.UTF_8);
            boolean asked = exchange.getRequestMethod().equals("POST") && status.equals(PRIMARY);
            exchange.sendResponseHeaders(asked ? 200 : 409, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        return start(server);
    }

    private String hangingNode() throws IOException {
        HttpServer server = server();
        server.createContext("/status", exchange -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        });
        return start(server);
    }

    /** A port that was free a moment ago: connections to it are refused. */
    private String unusedEndpoint() throws IOException {
        HttpServer server = server();
        String endpoint = start(server);
        server.stop(0);
        servers.remove(server);
        return endpoint;
    }

    private HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        servers.add(server);
        return server;
    }

    private String start(HttpServer server) {
        server.start();
        return "127.0.0.1:" + server.getAddress().getPort();
    }
}
