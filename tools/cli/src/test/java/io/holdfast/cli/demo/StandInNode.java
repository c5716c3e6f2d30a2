package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.config.ConfigLoader;
import io.holdfast.cli.status.NodeProbe;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.Layout;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Stands in for a node in tests of the demo: answers /status like one and takes over when no other is primary, but
 * protects nothing. Arguments as a node's: {@code node --config FILE}.
 */
public final class StandInNode {

    private static final int NODES = 3;
    private static final int ROUNDS_WITHOUT_PRIMARY = 4;
    /**
     * A node whose link was down cannot reach an address for as long as its neighbour table has it as failed: deposed,
     * it waits longer than that before it believes that nobody leads.
     */
    private static final int ROUNDS_WHEN_DEPOSED = 100;
    /** Long enough for a busy machine: a stand-in that takes a slow primary for dead would spoil the test. */
    private static final Duration ANSWER_BOUND = Duration.ofMillis(1_000);

    private final ObjectMapper json = new ObjectMapper();
    private ClusterTraffic traffic;
    private final String name;
    private final int number;
    private boolean primary;
    private long term;
    private long checkpoint;
    private long takeoverTerm;
    private long takeoverMillis;
    private int lonely;

    private StandInNode(String name) {
        this.name = name;
        this.number = Integer.parseInt(name.substring(1));
    }

    public static void main(String[] arguments) throws IOException {
        String name = Files.readAllLines(Path.of(arguments[2])).get(0).substring("node: ".length());
        StandInNode node = new StandInNode(name);
        node.traffic = ConfigLoader.load(Path.of(arguments[2])).security().traffic();
        HttpsServer server = HttpsServer.create(new InetSocketAddress(address(node.number), Layout.ADMIN_PORT), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(node.traffic.context()) {
            @Override
            public void configure(HttpsParameters parameters) {
                parameters.setSSLParameters(ClusterTraffic.parameters());
            }
        });
        server.createContext("/status", node::answerStatus);
        server.createContext("/services/redis/checkpoint", node::answerCheckpoint);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.start();
        Executors.newSingleThreadScheduledExecutor().scheduleWithFixedDelay(node::round, 100, 50,
                TimeUnit.MILLISECONDS);
    }

    private static String address(int node) {
        return "10.77.0." + (10 + node);
    }

    private void round() {
        List<ServiceStatus> others = new ArrayList<>();
        boolean lowest = true;
        for (int other = 1; other <= NODES; other++) {
            if (other != number) {
                try {
                    others.add(new NodeProbe(new InetSocketAddress(address(other), Layout.ADMIN_PORT),
                            traffic, ANSWER_BOUND).status().service("redis"));
                    lowest &= other > number;
                } catch (IOException unreachable) {
                    // As in a group: who does not answer has no say.
                }
            }
        }
        decide(others, lowest);
    }

    private synchronized void decide(List<ServiceStatus> others, boolean lowest) {
        long highest = others.stream().mapToLong(ServiceStatus::term).max().orElse(0);
        checkpoint = Math.max(checkpoint, others.stream().mapToLong(ServiceStatus::checkpointIndex).max().orElse(0));
        if (primary && (highest > term || others.isEmpty())) {
            primary = false;
            lonely = -ROUNDS_WHEN_DEPOSED;
        }
        boolean led = others.stream().anyMatch(ServiceStatus::primary);
        lonely = primary ? 0 : led ? Math.min(lonely, 0) : lonely + 1;
        if (lonely > ROUNDS_WITHOUT_PRIMARY && lowest && !others.isEmpty()) {
            primary = true;
            term = highest + 1;
            if (term > 1) {
                takeoverTerm = term;
                takeoverMillis = System.currentTimeMillis();
            }
        } else {
            term = Math.max(term, highest);
        }
        checkpoint = primary ? Math.max(checkpoint, 1) : checkpoint;
    }

    private void answerStatus(HttpExchange exchange) throws IOException {
        ObjectNode status = json.createObjectNode().put("node", name);
        ObjectNode service = status.putArray("services").addObject();
        synchronized (this) {
            service.put("name", "redis").put("role", primary ? "PRIMARY" : "STANDBY")
                    .put("state", primary ? "LIVE" : "STANDBY").put("term", term).put("leaseHeld", primary)
                    .put("notKnownToAnyReader", true);
            if (checkpoint > 0) {
                service.putObject("checkpoint").put("readyIndex", checkpoint).put("held", true).put("bytes", 4096);
            }
            if (takeoverTerm > 0) {
                service.putObject("lastTakeover").put("node", name).put("term", takeoverTerm).put("reason", "stand-in")
                        .put("startedEpochMillis", takeoverMillis).putObject("stepsMs").put("ELECTED", 1.5)
                        .put("LIVE", 20.0);
            }
        }
        answer(exchange, status);
    }

    private void answerCheckpoint(HttpExchange exchange) throws IOException {
        ObjectNode answer = json.createObjectNode();
        synchronized (this) {
            checkpoint++;
            answer.put("index", checkpoint).put("bytes", 4096).put("ms", 3);
        }
        answer(exchange, answer);
    }

    private void answer(HttpExchange exchange, ObjectNode body) throws IOException {
        byte[] bytes = json.writeValueAsBytes(body);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
