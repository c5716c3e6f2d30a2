package io.holdfast.node.admin;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import io.holdfast.consensus.Refusals;
import io.holdfast.consensus.security.ClusterTraffic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The node's HTTP endpoint on its cluster address, served by threads of its own ({@link Door}): status for operators, orders
 * from the command line, checkpoint files for the other nodes. All of them hold the cluster's key.
 */
public final class AdminServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

    /** 2 Mbit/s, less than a network between nodes has; who wants to hold a thread has to take that much. */
    private static final PatientOutput.Patience PATIENCE = new PatientOutput.Patience(30_000, 256 << 10);

    private final ObjectMapper json = new ObjectMapper();
    private final List<Route> routes = new ArrayList<>();
    private final Door door;

    /** Answers one request whose path matched; {@code path} holds the parts behind the route's prefix. */
    @FunctionalInterface
    public interface Handler {
        void handle(HttpExchange exchange, List<String> path) throws IOException;
    }

    private record Route(String method, List<String> prefix, Handler handler) {
    }

    /**
     * Binds the endpoint; requests are answered after {@link #start}.
     *
     * @param expected where other nodes are
     */
    public AdminServer(InetSocketAddress address, ClusterTraffic traffic, Predicate<InetAddress> expected) throws IOException {
        this(address, traffic, expected, PATIENCE);
    }

    /** @param patience how long an answer waits for whoever asked */
    AdminServer(InetSocketAddress address, ClusterTraffic traffic, Predicate<InetAddress> expected, PatientOutput.Patience patience)
            throws IOException {
        door = new Door(address, traffic, expected, patience, this::dispatch);
    }

    /** Adds a handler for everything below {@code prefix}, such as {@code /services/redis/checkpoint}. */
    public void route(String method, String prefix, Handler handler) {
        routes.add(new Route(method, parts(prefix), handler));
    }

    public void start() {
        door.open();
    }

    /** Any thread: where it listens; the kernel chose the port when it was to be 0. */
    InetSocketAddress address() {
        return door.address();
    }

    /** Any thread: who was turned away. */
    public Refusals.Seen refused() {
        return door.refused();
    }

    private void dispatch(HttpExchange exchange) throws IOException {
        try (exchange) {
            List<String> path = parts(exchange.getRequestURI().getPath());
            for (Route route : routes) {
                int size = route.prefix().size();
                if (route.method().equals(exchange.getRequestMethod()) && path.size() >= size
                        && path.subList(0, size).equals(route.prefix())) {
                    answer(exchange, route, path.subList(size, path.size()));
                    return;
                }
            }
            sendError(exchange, 404, "nothing at " + exchange.getRequestMethod() + " " + exchange.getRequestURI());
        }
    }

    private void answer(HttpExchange exchange, Route route, List<String> rest) throws IOException {
        try {
            route.handler().handle(exchange, rest);
        } catch (RuntimeException e) {
            LOG.warn("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
            sendError(exchange, 500, e.toString());
        }
    }

    private static List<String> parts(String path) {
        return List.of(path.split("/")).stream().filter(p -> !p.isEmpty()).toList();
    }

    /** Sends {@code body} as JSON. */
    public void sendJson(HttpExchange exchange, int status, Object body) throws IOException {
        byte[] bytes = json.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    /** Sends a message for people as {@code {"error": ...}}. */
    public void sendError(HttpExchange exchange, int status, String message) throws IOException {
        sendJson(exchange, status, Map.of("error", message));
    }

    /** The request's body as text, at most 64 KiB of it. */
    public static String text(HttpExchange exchange) throws IOException {
        return new String(exchange.getRequestBody().readNBytes(1 << 16), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        door.close();
    }
}
