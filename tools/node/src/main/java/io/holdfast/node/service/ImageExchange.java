package io.holdfast.node.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.admin.AdminConnection;
import io.holdfast.node.admin.AdminServer;
import io.holdfast.node.config.ClusterMember;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.restore.checkpoint.CheckpointImport;
import io.holdfast.restore.checkpoint.CheckpointStore;
import io.holdfast.restore.checkpoint.ManifestEntry;
import io.holdfast.restore.checkpoint.VerifiedCheckpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Checkpoints between nodes, off the group's path: files are served over the admin endpoint and fetched from another
 * node's. Stateless but for its configuration; called by admin threads and the checkpoint thread.
 *
 * <p>Below {@code /services/<service>/checkpoints/<markIndex>/}: {@code GET manifest}, {@code GET file?<path>}, and
 * {@code POST fetch} with {@code <member> <digest>} as its body, which answers when this node holds the checkpoint
 * verified and on disk.
 */
public final class ImageExchange {
    private static final int CONNECT_TIMEOUT_MS = 1_000;
    private static final int READ_TIMEOUT_MS = 30_000;
    private static final int COPY_BYTES = 1 << 16;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final NodeConfig node;
    private final ServiceConfig service;
    private final ClusterTraffic traffic;
    private volatile CheckpointStore store;
    private final MemberDirectory directory;
    private volatile Consumer<VerifiedCheckpoint> onFetched = checkpoint -> { };

    public ImageExchange(NodeConfig node, ServiceConfig service, ClusterTraffic traffic, AdminServer admin) {
        this.node = node;
        this.directory = new MemberDirectory(node);
        this.service = service;
        this.traffic = traffic;
        admin.route("GET", "/services/" + service.name() + "/checkpoints", (http, path) -> serve(admin, http, path));
        admin.route("POST", "/services/" + service.name() + "/checkpoints", (http, path) -> fetchOnRequest(admin, http, path));
    }

    /**
     * Names the store to serve from and to fetch into; until then nothing is served.
     *
     * @param fetched told of every checkpoint that arrived, on the thread that fetched it
     */
    void serveFrom(CheckpointStore from, Consumer<VerifiedCheckpoint> fetched) {
        onFetched = fetched;
        store = from;
    }

    /** Whether one of the service's members is at this address, as this node knows. */
    public boolean isMember(InetAddress address) {
        return directory.members().stream().anyMatch(member -> member.address().equals(address));
    }

    /** Where the other nodes are. */
    MemberDirectory directory() {
        return directory;
    }

    /** What another node says of itself. */
    JsonNode status(ClusterMember of) throws IOException {
        try (InputStream in = open(of, "/status")) {
            return JSON.readTree(in);
        }
    }

    /** Serves nothing any more. */
    void stopServing() {
        store = null;
    }

    private void serve(AdminServer admin, HttpExchange http, List<String> path) throws IOException {
        CheckpointStore from = store;
        if (from == null || path.size() != 2 || !path.get(0).matches("[0-9]{1,18}")) {
            admin.sendError(http, 404, "no such checkpoint");
            return;
        }
        long markIndex = Long.parseLong(path.get(0));
        try {
            if (path.get(1).equals("manifest")) {
                byte[] manifest = from.manifestJson(markIndex);
                http.sendResponseHeaders(200, manifest.length);
                http.getResponseBody().write(manifest);
            } else {
                String file = URLDecoder.decode(http.getRequestURI().getRawQuery(), StandardCharsets.UTF_8);
                try (FileChannel channel = from.openFile(markIndex, file)) {
                    send(http, channel);
                }
            }
        } catch (NoSuchFileException e) {
            admin.sendError(http, 404, e.getMessage());
        }
    }

    private static void send(HttpExchange http, FileChannel channel) throws IOException {
        long left = channel.size();
        // Length -1 means "no body", 0 "of unknown length".
        http.sendResponseHeaders(200, left == 0 ? -1 : left);
        OutputStream out = http.getResponseBody();
        ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
        while (left > 0 && channel.read(buffer.clear()) > 0) {
            out.write(buffer.array(), 0, buffer.position());
            left -= buffer.position();
        }
    }

    private void fetchOnRequest(AdminServer admin, HttpExchange http, List<String> path) throws IOException {
        String[] order = AdminServer.text(http).strip().split(" ");
        if (store == null || path.size() != 2 || !path.get(1).equals("fetch") || !path.get(0).matches("[0-9]{1,18}")
                || order.length != 2) {
            admin.sendError(http, 400, "POST checkpoints/<markIndex>/fetch with '<member> <digest>' is needed");
            return;
        }
        fetch(Long.parseLong(path.get(0)), order[0], order[1]);
        admin.sendJson(http, 200, Map.of("held", true));
    }

    /**
     * Fetches a checkpoint from another node, unless it is here already; returns once it is verified and on disk. One at a
     * time: the primary's order and the node's own search may want the same one, and the later would replace a good image.
     *
     * @throws IOException when the other node cannot be reached or does not have it
     */
    synchronized void fetch(long markIndex, String memberName, String digest) throws IOException {
        CheckpointStore into = store;
        if (into.list().contains(markIndex) && into.manifestDigest(markIndex).equals(digest)) {
            return;
        }
        ClusterMember from = member(memberName);
        String base = "/services/" + service.name() + "/checkpoints/" + markIndex + "/";
        byte[] manifest;
        try (InputStream in = open(from, base + "manifest")) {
            manifest = in.readAllBytes();
        }
        try (CheckpointImport importing = into.beginImport(manifest, digest)) {
            for (ManifestEntry entry : importing.missing()) {
                try (InputStream in = open(from, base + "file?" + URLEncoder.encode(entry.path(), StandardCharsets.UTF_8))) {
                    importing.write(entry.path(), in);
                }
            }
            onFetched.accept(importing.commit());
        }
    }

    /**
     * Asks a member to fetch a checkpoint from this node.
     *
     * @return whether it now holds it, verified and on disk
     */
    boolean offerTo(ClusterMember member, long markIndex, String digest) throws IOException {
        HttpURLConnection http = connection(member, "/services/" + service.name() + "/checkpoints/"
                + markIndex + "/fetch");
        http.setRequestMethod("POST");
        http.setDoOutput(true);
        http.getOutputStream().write((node.self().name() + " " + digest).getBytes(StandardCharsets.UTF_8));
        return http.getResponseCode() == 200;
    }

    private ClusterMember member(String name) throws FileNotFoundException {
        ClusterMember found = directory.find(name);
        if (found == null) {
            throw new FileNotFoundException("no member is named '" + name + "'");
        }
        return found;
    }

    private InputStream open(ClusterMember member, String path) throws IOException {
        return connection(member, path).getInputStream();
    }

    private HttpURLConnection connection(ClusterMember member, String path) throws IOException {
        HttpURLConnection http = AdminConnection.to(new InetSocketAddress(member.address(), member.adminPort()), traffic, path);
        http.setConnectTimeout(CONNECT_TIMEOUT_MS);
        http.setReadTimeout(READ_TIMEOUT_MS);
        return http;
    }
}
