package io.holdfast.node.admin;

import io.holdfast.consensus.LogPace;
import io.holdfast.consensus.security.ClusterTraffic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import javax.net.ssl.SSLSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One thread accepts, some shake hands, others answer: lets in who proves to hold the cluster's key.
 *
 * <p>Strangers are bounded in number and time, and a connection gets one of the threads that answer only once it is let in.
 * The JDK's HttpsServer looks up the name of whoever connects, spends those threads on strangers for as long as they
 * like, and tells nobody whom it refused and why (docs/adr/0008).
 */
final class Door implements AutoCloseable {
    /** Answers one request on a connection that was let in, on one of the answering threads. */
    @FunctionalInterface
    interface Host {
        void receive(Socket visitor) throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Door.class);
    private static final int BACKLOG = 64;
    private static final int MAX_STRANGERS = 32;
    private static final int ANSWERING_THREADS = 8;
    private static final long HANDSHAKE_BOUND_MS = 2_000;
    private static final int SILENCE_BOUND_MS = 30_000;
    private static final long COMPLAIN_NANOS = 5_000_000_000L;

    private final ClusterTraffic traffic;
    private final Host host;
    private final ServerSocket listening;
    private final Thread accepting = new Thread(this::accept, "admin-door");
    private final ThreadPoolExecutor shakingHands = new ThreadPoolExecutor(0, 2 * MAX_STRANGERS, 10, TimeUnit.SECONDS,
            new SynchronousQueue<>(), named("admin-handshake"));
    private final ExecutorService answering = Executors.newFixedThreadPool(ANSWERING_THREADS, named("admin"));
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(named("admin-clock"));
    /** Guarded by itself. Oldest first. */
    private final Deque<Socket> strangers = new ArrayDeque<>();
    /** Guarded by itself. */
    private final LogPace refusals = new LogPace(COMPLAIN_NANOS);

    Door(InetSocketAddress address, ClusterTraffic traffic, Host host) throws IOException {
        this.traffic = traffic;
        this.host = host;
        this.listening = new ServerSocket(address.getPort(), BACKLOG, address.getAddress());
        accepting.setDaemon(true);
    }

    private static ThreadFactory named(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    void open() {
        accepting.start();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket visitor = listening.accept();
                visitor.setTcpNoDelay(true);
                visitor.setSoTimeout(SILENCE_BOUND_MS);
                if (traffic.isClosed()) {
                    meet(visitor);
                } else {
                    answer(visitor, visitor);
                }
            } catch (IOException | RuntimeException e) {
                if (!listening.isClosed()) {
                    LOG.warn("cannot accept a connection on {}: {}", listening.getLocalSocketAddress(), e.toString());
                }
            }
        }
    }

    /** When there are too many, the one that has been a stranger the longest has to go: a member takes milliseconds. */
    private void meet(Socket stranger) {
        Socket oldest = null;
        synchronized (strangers) {
            strangers.addLast(stranger);
            if (strangers.size() > MAX_STRANGERS) {
                oldest = strangers.removeFirst();
            }
        }
        if (oldest != null) {
            close(oldest);
        }
        try {
            shakingHands.execute(() -> shakeHands(stranger));
        } catch (RejectedExecutionException e) {
            forget(stranger);
            refuse(stranger, "too many at once");
        }
    }

    private void shakeHands(Socket stranger) {
        ScheduledFuture<?> bound = clock.schedule(() -> close(stranger), HANDSHAKE_BOUND_MS, TimeUnit.MILLISECONDS);
        try {
            SSLSocket visitor = (SSLSocket) traffic.context().getSocketFactory().createSocket(stranger, null, true);
            visitor.setSSLParameters(ClusterTraffic.parameters());
            visitor.startHandshake();
            if (bound.cancel(false)) {
                forget(stranger);
                answer(visitor, stranger);
            }
        } catch (IOException | RuntimeException e) {
            String why = stranger.isClosed() ? "no proof of the cluster's key in time" : e.getMessage();
            forget(stranger);
            bound.cancel(false);
            refuse(stranger, why);
        }
    }

    private void answer(Socket visitor, Socket bare) {
        answering.execute(() -> {
            try (bare; visitor) {
                host.receive(visitor);
            } catch (IOException e) {
                LOG.debug("connection with {} ended: {}", bare.getRemoteSocketAddress(), e.toString());
            }
        });
    }

    private void forget(Socket stranger) {
        synchronized (strangers) {
            strangers.remove(stranger);
        }
    }

    private void refuse(Socket stranger, String why) {
        Object who = stranger.getRemoteSocketAddress();
        close(stranger);
        synchronized (refusals) {
            if (refusals.due(System.nanoTime())) {
                LOG.warn("admin endpoint: refused a connection from {}: no TLS handshake: {}{}", who, why, refusals.suppressed());
            }
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("cannot close the connection with {}", socket.getRemoteSocketAddress(), e);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            LOG.warn("cannot close the admin endpoint: {}", e.toString());
        }
        shakingHands.shutdownNow();
        answering.shutdownNow();
        clock.shutdownNow();
    }
}
