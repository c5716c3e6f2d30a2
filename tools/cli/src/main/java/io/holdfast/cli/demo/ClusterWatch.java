package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cli.status.NodeProbe;
import io.holdfast.cli.status.NodeStatus;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.testbed.ClusterSpec;
import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.Testbed;
import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;

/**
 * Asks every node of a testbed again and again what it is doing, from the client's network. Any thread may read;
 * one thread a node asks.
 */
public final class ClusterWatch implements AutoCloseable {

    private static final Duration ANSWER_BOUND = Duration.ofMillis(400);
    private static final Duration ORDER_BOUND = Duration.ofSeconds(30);

    private final Testbed testbed;
    private final ClusterTraffic traffic;
    private final ScheduledExecutorService askers;
    private final ExecutorService errands;
    private final Map<String, ServiceStatus> latest = new TreeMap<>();
    private final BiConsumer<String, ServiceStatus> listener;

    /** @param listener told of every answer (node, status) and every missing answer (node, null); must be quick */
    public ClusterWatch(Testbed testbed, Duration interval, BiConsumer<String, ServiceStatus> listener) {
        this.testbed = testbed;
        this.traffic = ClusterTraffic.closedBy(ClusterKey.read(testbed.layout().keyFile()));
        this.listener = listener;
        int nodes = testbed.layout().nodes();
        askers = Executors.newScheduledThreadPool(nodes, testbed.clientThreads());
        errands = Executors.newSingleThreadExecutor(testbed.clientThreads());
        for (int node = 1; node <= nodes; node++) {
            String name = testbed.layout().nodeName(node);
            NodeProbe probe = probe(node);
            askers.scheduleWithFixedDelay(() -> ask(name, probe), 0, interval.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private NodeProbe probe(int node) {
        return new NodeProbe(new InetSocketAddress(testbed.layout().nodeAddress(node), Layout.ADMIN_PORT),
                traffic, ANSWER_BOUND);
    }

    private void ask(String name, NodeProbe probe) {
        ServiceStatus status;
        try {
            NodeStatus answer = probe.status();
            status = answer.service(ClusterSpec.SERVICE);
        } catch (IOException e) {
            status = null;
        }
        synchronized (latest) {
            if (status == null) {
                latest.remove(name);
            } else {
                latest.put(name, status);
            }
            latest.notifyAll();
        }
        listener.accept(name, status);
    }

    /** The last answer of every node that gave one; a node that did not answer its last question is missing. */
    public Map<String, ServiceStatus> nodes() {
        synchronized (latest) {
            return Collections.unmodifiableMap(new TreeMap<>(latest));
        }
    }

    /** The node that says it is the live primary, or null; of several the one with the highest term. */
    public String primary() {
        return nodes().entrySet().stream().filter(entry -> entry.getValue().livePrimary())
                .max(java.util.Comparator.comparingLong(entry -> entry.getValue().term()))
                .map(Map.Entry::getKey).orElse(null);
    }

    /** Nodes that say they are the live primary and hold the lease at this time. */
    public List<String> leaseHolders() {
        List<String> holders = new ArrayList<>();
        nodes().forEach((name, status) -> {
            if (status.livePrimary() && status.leaseHeld()) {
                holders.add(name);
            }
        });
        return holders;
    }

    /** Waits for the next answer of any node, at most {@code bound}. */
    public void awaitNews(Duration bound) throws InterruptedException {
        synchronized (latest) {
            latest.wait(Math.max(1, bound.toMillis()));
        }
    }

    /** Asks a node for a checkpoint and waits for its answer. */
    public JsonNode checkpoint(String node) {
        return order(node, "takes no checkpoint", probe -> probe.checkpoint(ClusterSpec.SERVICE, ORDER_BOUND));
    }

    /** Asks a node, the primary, to hand over to another one or, for null, to any; it leads when this returns. */
    public JsonNode switchover(String node, String to) {
        return order(node, "does not hand over", probe -> probe.switchover(ClusterSpec.SERVICE, to, ORDER_BOUND));
    }

    /** Asks a node, the primary, to let another one in; it is a member when this returns. */
    public JsonNode addMember(String node, String name, String address) {
        return order(node, "does not add " + name, probe -> probe.addMember(ClusterSpec.SERVICE, name, address,
                Layout.ADMIN_PORT, ORDER_BOUND));
    }

    /** Asks a node, the primary, to remove another one; it is no member when this returns. */
    public JsonNode removeMember(String node, String name) {
        return order(node, "does not remove " + name, probe -> probe.removeMember(ClusterSpec.SERVICE, name, ORDER_BOUND));
    }

    /** What one node is told to do. */
    private interface Order {
        JsonNode give(NodeProbe to) throws IOException;
    }

    private JsonNode order(String node, String refusal, Order order) {
        NodeProbe probe = probe(testbed.machine(node).number());
        Future<JsonNode> answer = errands.submit(() -> order.give(probe));
        try {
            return answer.get(ORDER_BOUND.toSeconds() + 5, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new DemoFailure(node + " " + refusal + ": " + e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new DemoFailure(node + " " + refusal + ": it does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoFailure("interrupted", e);
        }
    }

    @Override
    public void close() {
        askers.shutdownNow();
        errands.shutdownNow();
    }
}
