package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.admin.AdminConnection;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Asks one node's admin endpoint. Immutable; any thread. The connection is made by the calling thread and closed
 * after the answer, so that it belongs to the network namespace that thread stands in.
 */
public final class NodeProbe {

    private static final ObjectMapper JSON = new ObjectMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
            .configure(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, false);

    private final InetSocketAddress admin;
    private final ClusterTraffic traffic;
    private final Duration bound;

    /** @param bound how long to wait for the connection, and again for the answer */
    public NodeProbe(InetSocketAddress admin, ClusterTraffic traffic, Duration bound) {
        this.admin = admin;
        this.traffic = traffic;
        this.bound = bound;
    }

    public InetSocketAddress admin() {
        return admin;
    }

    /** The node's answer to {@code GET /status}, as it came. */
    public JsonNode rawStatus() throws IOException {
        return JSON.readTree(ask("GET", "/status", bound));
    }

    public NodeStatus status() throws IOException {
        return parse(rawStatus());
    }

    static NodeStatus parse(JsonNode status) throws IOException {
        return JSON.treeToValue(status, NodeStatus.class);
    }

    /** Asks for a checkpoint of a service now; the answer comes when it is ready. */
    public JsonNode checkpoint(String service, Duration answerBound) throws IOException {
        return JSON.readTree(ask("POST", "/services/" + service + "/checkpoint", answerBound));
    }

    /**
     * Asks the primary to hand over; the answer comes when the other leads.
     *
     * @param to name of the standby, or null for the one that holds most
     */
    public JsonNode switchover(String service, String to, Duration answerBound) throws IOException {
        return JSON.readTree(ask("POST", "/services/" + service + "/switchover" + (to == null ? "" : "/" + part(to)),
                answerBound));
    }

    /** Asks the primary to let a node in; the answer, with the members, comes when it is one. */
    public JsonNode addMember(String service, String name, String address, int adminPort, Duration answerBound)
            throws IOException {
        return JSON.readTree(ask("POST", "/services/" + service + "/members/add/" + part(name) + "/" + part(address) + "/"
                + adminPort, answerBound));
    }

    /** Asks the primary to remove a node; the answer, with the members, comes when it is none any more. */
    public JsonNode removeMember(String service, String name, Duration answerBound) throws IOException {
        return JSON.readTree(ask("POST", "/services/" + service + "/members/remove/" + part(name), answerBound));
    }

    /** One part of a path, whatever an operator typed. */
    private static String part(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private byte[] ask(String method, String path, Duration answerBound) throws IOException {
        HttpURLConnection connection = AdminConnection.to(admin, traffic, path);
        connection.setRequestMethod(method);
        connection.setConnectTimeout(Math.toIntExact(bound.toMillis()));
        connection.setReadTimeout(Math.toIntExact(answerBound.toMillis()));
        try {
            if (responseCode(connection) != HttpURLConnection.HTTP_OK) {
                throw new IOException(admin.getHostString() + " answers " + method + " " + path + " with "
                        + connection.getResponseCode() + ": " + refusal(connection));
            }
            try (InputStream body = connection.getInputStream()) {
                return body.readAllBytes();
            }
        } finally {
            connection.disconnect();
        }
    }

    /** A node that refuses a key ends the connection: often that is all that is seen of its reason. */
    private int responseCode(HttpURLConnection connection) throws IOException {
        try {
            return connection.getResponseCode();
        } catch (ConnectException | NoRouteToHostException | SocketTimeoutException | UnknownHostException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(e.getMessage() + (traffic.isClosed() ? " (asked with traffic " + traffic + ")" : " (asked without a key)"), e);
        }
    }

    private static String refusal(HttpURLConnection connection) throws IOException {
        try (InputStream body = connection.getErrorStream()) {
            return body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }
}
