package io.holdfast.node;

import com.sun.net.httpserver.HttpExchange;
import io.holdfast.consensus.Refusals;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.node.admin.AdminServer;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.node.service.ImageExchange;
import io.holdfast.node.service.ServiceAgent;
import io.holdfast.node.service.ServiceStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * One node process: its services and its admin endpoint. Built and closed by the thread that runs the command; every
 * service has threads of its own.
 */
public final class HoldfastNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HoldfastNode.class);
    private static final long CHECKPOINT_TIMEOUT_MS = 60_000;

    private final NodeConfig config;
    private final ClusterTraffic traffic;
    private final AdminServer admin;
    private final List<ServiceAgent> services = new ArrayList<>();
    /** One a service; complete before the admin endpoint is started, whose threads read it. */
    private final List<ImageExchange> exchanges = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final CountDownLatch allFailed = new CountDownLatch(1);

    /**
     * What {@code GET /status} answers.
     *
     * @param node     name of this node
     * @param traffic  whether what nodes say to each other is closed to strangers, for people
     * @param refused  whom the admin endpoint turned away
     * @param services one a service, in the order of the configuration
     */
    public record Status(String node, String traffic, Refusals.Seen refused, List<ServiceStatus> services) {
    }

    /** @param lossAccepted an operator's word: what this machine may have lost when it lost power is not to be waited for */
    public HoldfastNode(NodeConfig config, boolean lossAccepted) throws IOException {
        this.config = config;
        this.traffic = config.security().traffic();
        this.admin = new AdminServer(new InetSocketAddress(config.self().address(), config.self().adminPort()), traffic,
                this::isExpected);
        for (ServiceConfig service : config.services()) {
            ImageExchange exchange = new ImageExchange(config, service, traffic, admin);
            exchanges.add(exchange);
            services.add(new ServiceAgent(config, service, traffic, exchange, lossAccepted, this::oneFailed));
        }
        admin.route("GET", "/status", (exchange, path) -> admin.sendJson(exchange, 200, status()));
        services.forEach(this::routeCheckpoint);
        services.forEach(this::routeOrders);
    }

    /** Other nodes of the file, and those that were added while the services ran. */
    private boolean isExpected(InetAddress address) {
        return config.cluster().stream().anyMatch(member -> member.address().equals(address))
                || exchanges.stream().anyMatch(exchange -> exchange.isMember(address));
    }

    /** Orders that a node may refuse: with 409 and the reason. */
    private void routeOrders(ServiceAgent service) {
        String below = "/services/" + service.config().name();
        admin.route("POST", below + "/switchover", (exchange, path) -> order(exchange,
                () -> service.switchover(path.isEmpty() ? null : path.get(0))));
        admin.route("POST", below + "/members/add", (exchange, path) -> order(exchange, () -> {
            if (path.size() != 3 || !path.get(2).matches("[0-9]{1,5}")) {
                throw new IllegalStateException("POST members/add/<name>/<address>/<adminPort> is needed");
            }
            return service.addMember(path.get(0), path.get(1), Integer.parseInt(path.get(2)));
        }));
        admin.route("POST", below + "/members/remove", (exchange, path) -> order(exchange, () -> {
            if (path.size() != 1) {
                throw new IllegalStateException("POST members/remove/<name> is needed");
            }
            return service.removeMember(path.get(0));
        }));
    }

    private void order(HttpExchange exchange, Supplier<Object> order) throws IOException {
        Object result;
        try {
            result = order.get();
        } catch (IllegalStateException e) {
            LOG.warn("{} {} refused: {}", exchange.getRequestMethod(), exchange.getRequestURI(), e.getMessage());
            admin.sendError(exchange, 409, e.getMessage());
            return;
        }
        admin.sendJson(exchange, 200, result);
    }

    private void routeCheckpoint(ServiceAgent service) {
        admin.route("POST", "/services/" + service.config().name() + "/checkpoint", (exchange, path) -> {
            try {
                admin.sendJson(exchange, 200, service.checkpoint().get(CHECKPOINT_TIMEOUT_MS, TimeUnit.MILLISECONDS));
            } catch (ExecutionException e) {
                admin.sendError(exchange, 409, e.getCause().getMessage());
            } catch (TimeoutException e) {
                admin.sendError(exchange, 504, "not ready within " + CHECKPOINT_TIMEOUT_MS + " ms; it may still become so");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                admin.sendError(exchange, 503, "the node is stopping");
            }
        });
    }

    private void oneFailed() {
        if (running.decrementAndGet() == 0) {
            allFailed.countDown();
        }
    }

    /** Starts the admin endpoint and every service. */
    public void start() {
        running.set(services.size());
        admin.start();
        services.forEach(ServiceAgent::start);
        LOG.info("node {} runs {} service(s); admin endpoint {}:{}", config.self().name(), services.size(),
                config.self().address().getHostAddress(), config.self().adminPort());
        if (traffic.isClosed()) {
            LOG.info("cluster traffic is {}", traffic);
        } else {
            LOG.warn("cluster traffic is {} (security: none). Whoever reaches this node's network can read clients' data, "
                    + "change it, and take part in the cluster", traffic);
        }
    }

    public Status status() {
        return new Status(config.self().name(), traffic.toString(), admin.refused(),
                services.stream().map(ServiceAgent::status).toList());
    }

    /** Waits until no service is left that could go on; a healthy node never returns from it. */
    public void awaitFailure() throws InterruptedException {
        allFailed.await();
    }

    /** Stops every service and removes what they made in the kernel. */
    @Override
    public void close() {
        services.parallelStream().forEach(ServiceAgent::close);
        admin.close();
        LOG.info("node {} stopped", config.self().name());
    }
}
