package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks every node of a cluster at the same time, within a bound. Immutable; any thread. */
final class ClusterQuestion {

    /** One node's answer: {@code status} and {@code raw}, or the reason why there is none. */
    record Answer(String name, InetSocketAddress admin, NodeStatus status, JsonNode raw, String failure) {

        boolean reached() {
            return status != null;
        }
    }

    private final Map<String, InetSocketAddress> nodes;
    private final Duration bound;

    ClusterQuestion(Map<String, InetSocketAddress> nodes, Duration bound) {
        this.nodes = nodes;
        this.bound = bound;
    }

    /** One answer a node, in the order given, after the bound at the latest. */
    List<Answer> ask() throws InterruptedException {
        ExecutorService askers = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "status");
            thread.setDaemon(true);
            return thread;
        });
        try {
            long deadlineNanos = System.nanoTime() + bound.toNanos();
            Map<String, Future<Answer>> pending = new java.util.LinkedHashMap<>();
            nodes.forEach((name, admin) -> pending.put(name, askers.submit(() -> askOne(name, admin))));
            List<Answer> answers = new ArrayList<>();
            for (Map.Entry<String, Future<Answer>> entry : pending.entrySet()) {
                answers.add(await(entry.getKey(), entry.getValue(), deadlineNanos - System.nanoTime()));
            }
            return answers;
        } finally {
            askers.shutdownNow();
        }
    }

    private Answer await(String name, Future<Answer> answer, long remainingNanos) throws InterruptedException {
        try {
            return answer.get(Math.max(0, remainingNanos), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return new Answer(name, nodes.get(name), null, null, "no answer within " + bound.toMillis() + " ms");
        } catch (ExecutionException e) {
            throw new IllegalStateException("asking " + name + " failed", e.getCause());
        }
    }

    private Answer askOne(String name, InetSocketAddress admin) {
        try {
            JsonNode raw = new NodeProbe(admin, bound).rawStatus();
            return new Answer(name, admin, NodeProbe.parse(raw), raw, null);
        } catch (IOException e) {
            return new Answer(name, admin, null, null, e.getMessage());
        }
    }
}
