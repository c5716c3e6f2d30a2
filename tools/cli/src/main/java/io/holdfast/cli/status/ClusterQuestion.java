package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.consensus.security.ClusterTraffic;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
    private final ClusterTraffic traffic;
    private final Duration bound;

    ClusterQuestion(Map<String, InetSocketAddress> nodes, ClusterTraffic traffic, Duration bound) {
        this.nodes = nodes;
        this.traffic = traffic;
        this.bound = bound;
    }

    /**
     * One answer a node, in the order given, after the bound at the latest; then, within the bound again, those of members
     * that were added since somebody wrote down which nodes there are.
     */
    List<Answer> ask() throws InterruptedException {
        List<Answer> answers = new ArrayList<>(ask(nodes));
        Map<String, InetSocketAddress> more = new LinkedHashMap<>();
        answers.stream().filter(Answer::reached).flatMap(answer -> answer.status().services().stream())
                .filter(NodeStatus.ServiceStatus::primary).flatMap(service -> service.members().stream())
                .filter(member -> member.admin() != null).forEach(member -> {
                    InetSocketAddress admin = ClusterAddresses.parse(member.admin());
                    if (answers.stream().noneMatch(a -> a.admin().equals(admin))) {
                        more.put(member.name(), admin);
                    }
                });
        if (!more.isEmpty()) {
            answers.addAll(ask(more));
        }
        return answers;
    }

    private List<Answer> ask(Map<String, InetSocketAddress> whom) throws InterruptedException {
        ExecutorService askers = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "status");
            thread.setDaemon(true);
            return thread;
        });
        try {
            long deadlineNanos = System.nanoTime() + bound.toNanos();
            Map<String, Future<Answer>> pending = new LinkedHashMap<>();
            whom.forEach((name, admin) -> pending.put(name, askers.submit(() -> askOne(name, admin))));
            List<Answer> answers = new ArrayList<>();
            for (Map.Entry<String, Future<Answer>> entry : pending.entrySet()) {
                answers.add(await(entry.getKey(), whom.get(entry.getKey()), entry.getValue(), deadlineNanos - System.nanoTime()));
            }
            return answers;
        } finally {
            askers.shutdownNow();
        }
    }

    private Answer await(String name, InetSocketAddress admin, Future<Answer> answer, long remainingNanos)
            throws InterruptedException {
        try {
            return answer.get(Math.max(0, remainingNanos), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return new Answer(name, admin, null, null, "no answer within " + bound.toMillis() + " ms");
        } catch (ExecutionException e) {
            throw new IllegalStateException("asking " + name + " failed", e.getCause());
        }
    }

    private Answer askOne(String name, InetSocketAddress admin) {
        try {
            JsonNode raw = new NodeProbe(admin, traffic, bound).rawStatus();
            return new Answer(name, admin, NodeProbe.parse(raw), raw, null);
        } catch (IOException e) {
            return new Answer(name, admin, null, null, e.getMessage());
        }
    }
}
