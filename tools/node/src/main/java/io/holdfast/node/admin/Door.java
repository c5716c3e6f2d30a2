package io.holdfast.node.admin;

import io.holdfast.consensus.Refusals;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.consensus.security.Strangers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import javax.net.ssl.SSLSocket;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * One thread accepts, some shake hands and listen, others answer: lets in who proves to hold the cluster's key.
 *
 * <p>Strangers are bounded in number and time, and a connection gets one of the threads that answer only once its request is
 * here; with open traffic, where nobody has to prove anything, too. Whoever does not take the answer is given up.
 * The JDK's HttpsServer looks up the name of whoever connects, spends those threads on strangers for as long as they
 * like, and tells nobody whom it refused and why (docs/adr/0008).
 */
final class Door implements AutoCloseable {
    /** Answers one request, on one of the answering threads. */
    @FunctionalInterface
    interface Host {
        void answer(OneRequest request) throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Door.class);
    private static final int BACKLOG = 256;
    private static final int MEETING_THREADS = 128;
    private static final int ANSWERING_THREADS = 8;
    private static final int MAX_WAITING = 64;
    private static final int IDLE_SECONDS = 10;
    /** From its first byte to the end of its request. */
    private static final long STRANGER_BOUND_MS = 5_000;

    private final ClusterTraffic traffic;
    private final PatientOutput.Patience patience;
    private final Host host;
    private final ServerSocket listening;
    private final Thread accepting = new Thread(this::accept, "admin-door");
    private final ThreadPoolExecutor meeting = pool(0, MEETING_THREADS, new SynchronousQueue<>(), "admin-handshake");
    private final ThreadPoolExecutor answering = pool(ANSWERING_THREADS, ANSWERING_THREADS, new ArrayBlockingQueue<>(MAX_WAITING),
            "admin");
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, named("admin-clock"));
    /** Guarded by itself. */
    private final Strangers<Socket> strangers;
    private final Refusals refusals;

    Door(InetSocketAddress address, ClusterTraffic traffic, Predicate<InetAddress> expected, PatientOutput.Patience patience,
            Host host) throws IOException {
        this.traffic = traffic;
        this.patience = patience;
        this.host = host;
        this.strangers = new Strangers<>(expected);
        this.refusals = new Refusals(LOG, "admin endpoint");
        this.listening = new ServerSocket(address.getPort(), BACKLOG, address.getAddress());
        accepting.setDaemon(true);
        clock.setRemoveOnCancelPolicy(true); // else each piece of an image would stay in its queue until its bound
    }

    private static ThreadPoolExecutor pool(int core, int max, BlockingQueue<Runnable> queue, String name) {
        return new ThreadPoolExecutor(core, max, IDLE_SECONDS, TimeUnit.SECONDS, queue, named(name));
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

    /** Any thread: where it listens. */
    InetSocketAddress address() {
        return (InetSocketAddress) listening.getLocalSocketAddress();
    }

    /** Any thread: who was turned away. */
    Refusals.Seen refused() {
        return refusals.seen();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                meet(listening.accept());
            } catch (IOException | RuntimeException e) {
                if (!listening.isClosed()) {
                    LOG.warn("cannot accept a connection on {}: {}", listening.getLocalSocketAddress(), e.toString());
                }
            }
        }
    }

    private void meet(Socket stranger) throws IOException {
        InetAddress from = stranger.getInetAddress();
        Socket oldest;
        synchronized (strangers) {
            if (!strangers.hasRoom(from)) {
                refuse(stranger, "too many at once that have not said what they want");
                return;
            }
            oldest = strangers.add(stranger, from);
        }
        if (oldest != null) {
            close(oldest);
        }
        try {
            stranger.setTcpNoDelay(true);
            meeting.execute(() -> getToKnow(stranger));
        } catch (IOException | RejectedExecutionException e) {
            forget(stranger);
            refuse(stranger, e instanceof IOException ? e.getMessage() : "too many at once");
        }
    }

    private void getToKnow(Socket stranger) {
        ScheduledFuture<?> bound = clock.schedule(() -> close(stranger), STRANGER_BOUND_MS, TimeUnit.MILLISECONDS);
        try {
            Socket visitor = traffic.isClosed() ? shakeHands(stranger) : stranger;
            OutputStream out = new PatientOutput(visitor.getOutputStream(), clock, System::nanoTime, patience, () -> giveUp(stranger));
            OneRequest request = OneRequest.read(visitor, out);
            if (!forget(stranger) || !bound.cancel(false)) {
                throw new IOException("its request came too late");
            }
            answering.execute(() -> answer(request, out, stranger));
        } catch (RejectedExecutionException e) {
            refuse(stranger, "too many requests at once");
        } catch (IOException | RuntimeException e) {
            String why = bound.isDone() ? "nothing to answer in time" : e.getMessage();
            refuse(stranger, forget(stranger) || bound.isDone() ? why : "too many from there that do not say what they want");
        } finally {
            bound.cancel(false);
        }
    }

    private SSLSocket shakeHands(Socket stranger) throws IOException {
        try {
            SSLSocket visitor = (SSLSocket) traffic.context().getSocketFactory().createSocket(stranger, null, true);
            visitor.setSSLParameters(ClusterTraffic.parameters());
            visitor.startHandshake();
            return visitor;
        } catch (IOException e) {
            String said = String.valueOf(e.getMessage());
            throw new IOException("no TLS handshake: " + (said.startsWith("Received fatal alert") ? "it turns this node away: " : "") + said, e);
        }
    }

    private void answer(OneRequest request, OutputStream out, Socket bare) {
        try (bare; out) {
            host.answer(request);
        } catch (IOException e) {
            LOG.debug("connection with {} ended: {}", bare.getRemoteSocketAddress(), e.toString());
        }
    }

    private void giveUp(Socket visitor) {
        LOG.warn("admin endpoint: gave up on {}, which has not read its answer for {} ms, or slower than {} bytes/s in all",
                visitor.getRemoteSocketAddress(), patience.pieceMs(), patience.leastBytesPerSecond());
        close(visitor);
    }

    /** False when it had to go for another one. */
    private boolean forget(Socket stranger) {
        synchronized (strangers) {
            return strangers.remove(stranger);
        }
    }

    private void refuse(Socket stranger, String why) {
        refusals.refused("a connection from", stranger.getRemoteSocketAddress(), why);
        close(stranger);
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
        meeting.shutdownNow();
        answering.shutdownNow();
        clock.shutdownNow();
    }
}
