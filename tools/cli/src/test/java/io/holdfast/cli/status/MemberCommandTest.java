package io.holdfast.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.holdfast.cli.HoldfastCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code member} and {@code switchover}, against small HTTP servers that answer as nodes do. */
@Timeout(30)
class MemberCommandTest {

    private static final String SERVICE = """
            {"node":"%s","services":[{"name":"redis","role":"%s","state":"%s","term":%d,"leader":"n1","members":[%s],
            "lastTakeover":{"node":"%s","term":%d,"stepsMs":{"ELECTED":1.0,"LIVE":99.0}}}]}
            """;

    private final List<HttpServer> servers = new ArrayList<>();
    private final List<String> orders = new CopyOnWriteArrayList<>();
    private final Map<String, String> refusals = new TreeMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @AfterEach
    void stopServers() {
        servers.forEach(server -> server.stop(0));
    }

    @Test
    void membersAreListedAsThePrimarySeesThem() throws Exception {
        String primary = node("n1", "PRIMARY", "LIVE", 3, """
                {"name":"n1","reachable":true,"lastIndex":7,"admin":null},
                {"name":"n2","reachable":false,"lastIndex":-1,"admin":null}""");
        assertThat(run("member", "list", "--node", primary)).isZero();
        assertThat(out.toString()).containsSubsequence("n1", "primary", "7", "n2", "unreachable", "-");
    }

    @Test
    void aNodeIsAddedAndRemovedByThePrimaryAndARefusalIsTold() throws Exception {
        String standby = node("n2", "STANDBY", "STANDBY", 3, "");
        String primary = node("n1", "PRIMARY", "LIVE", 3, "");
        assertThat(run("member", "add", "n4", "10.0.0.4:7171", "--node", standby, "--node", primary)).isZero();
        assertThat(run("member", "add", "n5", "10.0.0.5", "--node", primary)).isZero();
        assertThat(run("member", "remove", "n2", "--node", primary)).isZero();
        assertThat(orders).containsExactly("n1 POST /services/redis/members/add/n4/10.0.0.4/7171",
                "n1 POST /services/redis/members/add/n5/10.0.0.5/7070", "n1 POST /services/redis/members/remove/n2");
        assertThat(out.toString()).contains("members of redis: n1, n4");
        refusals.put("/services/redis/members/remove/n9", "'n9' is not a member");
        assertThat(run("member", "remove", "n9", "--node", primary)).isEqualTo(1);
        assertThat(err.toString()).contains("Not removed: ").contains("'n9' is not a member");
        assertThat(run("member", "add", "n4", "10.0.0.4:port", "--node", primary)).isEqualTo(2);
        assertThat(run("member", "add", "n4", "10.0.0.4", "--node", standby)).isEqualTo(1);
        assertThat(run("member")).isEqualTo(2);
    }

    @Test
    void aSwitchoverEndsWhenTheNewPrimaryIsLiveThoughNobodyNamedItsNode() throws Exception {
        String added = node("n4", "PRIMARY", "LIVE", 4, "");
        String old = node("n1", "PRIMARY", "LIVE", 3, "{\"name\":\"n4\",\"reachable\":true,\"admin\":\"" + added + "\"}");
        assertThat(run("switchover", "--to", "n4", "--node", old)).as(err.toString()).isZero();
        assertThat(orders).containsExactly("n1 POST /services/redis/switchover/n4");
        assertThat(out.toString()).contains("n1 handed over to n4, live in term 4; its takeover took 100 ms");
        refusals.put("/services/redis/switchover/n9", "'n9' is not a member");
        assertThat(run("switchover", "--to", "n9", "--node", old)).isEqualTo(1);
        assertThat(err.toString()).contains("No switchover: ").contains("'n9' is not a member");
    }

    @Test
    void aPrimaryThatIsToBeRemovedHandsOverFirst() throws Exception {
        String added = node("n4", "PRIMARY", "LIVE", 4, "");
        String old = node("n1", "PRIMARY", "LIVE", 3, "");
        assertThat(run("member", "remove", "n1", "--node", old, "--node", added)).as(err.toString()).isZero();
        assertThat(orders).containsExactly("n1 POST /services/redis/switchover", "n4 POST /services/redis/members/remove/n1");
    }

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (all.contains("--node")) {
            all.addAll(List.of("--key", "none"));
        }
        return HoldfastCommand.execute(new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(String[]::new));
    }

    /** A node that does as it is told, unless there is a refusal for it; the primary of term 4 is so after the first order. */
    private String node(String name, String role, String state, long term, String members) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        servers.add(server);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            boolean tookOver = term < 4 || !orders.isEmpty();
            String body = SERVICE.formatted(name, tookOver ? role : "STANDBY", tookOver ? state : "STANDBY", term, members, name, term);
            int code = 200;
            if (!path.equals("/status")) {
                orders.add(name + " " + exchange.getRequestMethod() + " " + path);
                code = refusals.containsKey(path) ? 409 : 200;
                body = code == 409 ? "{\"error\":\"" + refusals.get(path) + "\"}"
                        : "{\"members\":[\"n1\",\"n4\"],\"from\":\"n1\",\"to\":\"n4\",\"term\":3}";
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(code, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        return "127.0.0.1:" + server.getAddress().getPort();
    }
}
