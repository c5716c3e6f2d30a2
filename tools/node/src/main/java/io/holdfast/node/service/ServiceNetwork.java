package io.holdfast.node.service;

import io.holdfast.capture.CaptureAgent;
import io.holdfast.capture.CaptureCount;
import io.holdfast.capture.CaptureObserver;
import io.holdfast.capture.EgressGuard;
import io.holdfast.capture.EgressLease;
import io.holdfast.capture.GateMode;
import io.holdfast.capture.IngressQueue;
import io.holdfast.capture.IngressRules;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.PacketSink;
import io.holdfast.capture.TcpView;
import io.holdfast.capture.VirtualAddress;
import io.holdfast.node.config.ServiceConfig;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.connection.TcpSocket;
import io.holdfast.restore.replay.ConntrackAdjust;
import io.holdfast.restore.replay.ContinuedHandshakes;
import io.holdfast.restore.replay.Loopback;
import io.holdfast.restore.replay.LoopbackConfig;
import io.holdfast.restore.replay.PendingHandshakes;
import io.holdfast.restore.workload.Workload;

import java.io.IOException;
import java.net.NetworkInterface;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Everything one service has in this machine's kernel: rules, queues, lease, address, loopback. Owned by the service's
 * thread but for what says otherwise.
 *
 * <p>Rules, queues, device and routing table are there from start to stop, so that a takeover only has to flip what is
 * one system call.
 */
final class ServiceNetwork implements AutoCloseable {
    static final int MAX_HELD = 16_384;
    private static final int RECEIVE_BUFFER_BYTES = 64 << 20;
    static final int MAX_LEASE_CALL_MS = 20;
    private static final int ANNOUNCEMENTS = 2;
    private static final long LEASE_TIMEOUT_MS = 2_000;

    private final ServiceConfig service;
    private final int vip;
    private final BooleanSupplier workloadIntact;
    private final PacketSink sink;
    private final Consumer<Throwable> onCaptureFailure;
    private final IngressRules rules;
    private final EgressLease egress;
    private final LeaseKeeper lease;
    private final VirtualAddress address;
    private final SocketScan sockets;
    private final SocketScan captureSockets;
    private volatile CaptureAgent capture;
    private volatile EgressGuard guard;
    private Loopback loopback;
    private ConntrackAdjust adjust;
    private ConntrackAdjust captureAdjust;
    private volatile PendingHandshakes handshakes;
    private ContinuedHandshakes continued;
    private volatile boolean vipHeld;

    ServiceNetwork(ServiceConfig service, PacketSink sink, Consumer<Throwable> onCaptureFailure,
                   BooleanSupplier workloadIntact) {
        this.service = service;
        this.vip = Ipv4Packet.address(service.vip().getHostAddress());
        this.sink = sink;
        this.onCaptureFailure = onCaptureFailure;
        this.workloadIntact = workloadIntact;
        this.rules = new IngressRules(service.name(), service.vip().getHostAddress(), service.ingressQueue(),
                service.loopbackDevice());
        this.egress = new EgressLease(service.name(), service.interfaceName(), vip, MAX_LEASE_CALL_MS);
        this.lease = new LeaseKeeper(service.name(), egress, service.lease());
        this.address = new VirtualAddress(service.interfaceName(), vip, service.prefixLength());
        this.sockets = new SocketScan();
        this.captureSockets = new SocketScan();
    }

    /** Shuts the machine for the address first, then removes the address a dead predecessor may have left. */
    void install() {
        egress.install();
        loopback = Loopback.open(new LoopbackConfig(service.loopbackDevice(), vip, service.routeTable(), mtuBytes()));
        captureAdjust = new ConntrackAdjust();
        continued = new ContinuedHandshakes(sockets, Takeover.TIMESTAMP_MARGIN_MS);
        handshakes = new PendingHandshakes(loopback, captureAdjust, captureSockets, continued);
        capture = new CaptureAgent(service.name(), IngressQueue.open(service.ingressQueue(), MAX_HELD,
                RECEIVE_BUFFER_BYTES), vip, MAX_HELD, sink, observer()).start();
        guard = EgressGuard.open(service.name(), service.vip().getHostAddress(), service.interfaceName(),
                service.egressQueue(), workloadIntact);
        rules.install();
        address.remove();
        adjust = new ConntrackAdjust();
        adjust.flush(vip);
        lease.start();
    }

    private CaptureObserver observer() {
        return new CaptureObserver() {
            @Override
            public void onCaptured(TcpView segment) {
                handshakes.onCaptured(segment);
            }

            @Override
            public void onFailure(Throwable cause) {
                onCaptureFailure.accept(cause);
            }
        };
    }

    /** Of the outside interface. */
    int mtuBytes() {
        try {
            return NetworkInterface.getByName(service.interfaceName()).getMTU();
        } catch (IOException e) {
            throw new IllegalStateException("interface " + service.interfaceName() + " has no MTU", e);
        }
    }

    /**
     * Step CAPTURED: from here on clients' packets are captured, committed and held; nothing is answered.
     *
     * @param table   with every entry committed by now
     * @param leading whether the term goes on; asked while a majority is waited for
     * @return false when no majority confirmed the leadership
     */
    boolean capture(long term, ConnectionTable table, BooleanSupplier leading) {
        handshakes.begin(table);
        gate(GateMode.HOLD, LEASE_TIMEOUT_MS);
        loopback.engage();
        address.add();
        vipHeld = true;
        boolean confirmed = lease.ask(LeaseKeeper.Right.CLAIM, term, LEASE_TIMEOUT_MS, leading);
        if (confirmed) {
            announce();
        }
        return confirmed;
    }

    /** Tells the neighbours where the address is. */
    void announce() {
        address.announce(ANNOUNCEMENTS);
    }

    /**
     * Step LIVE: the workload may send from here on, and its answers leave for the outside.
     *
     * @return false when no majority confirmed the lease
     */
    boolean goLive(long term, BooleanSupplier leading) {
        if (!lease.ask(LeaseKeeper.Right.LEASE, term, LEASE_TIMEOUT_MS, leading)) {
            return false;
        }
        loopback.release();
        gate(GateMode.OPEN, LEASE_TIMEOUT_MS);
        announce();
        return true;
    }

    /**
     * Nothing leaves with the address any more.
     *
     * @return false when the kernel was not told in time
     */
    boolean returnLease() {
        return lease.ask(LeaseKeeper.Right.NONE, -1, LEASE_TIMEOUT_MS, () -> true);
    }

    /** Nothing leaves with the address, and nothing comes in; packets held are dropped. */
    void silence() {
        if (capture == null) {
            return;
        }
        returnLease();
        gate(GateMode.SHUT, LEASE_TIMEOUT_MS);
        handshakes.end();
        continued = new ContinuedHandshakes(sockets, Takeover.TIMESTAMP_MARGIN_MS);
        handshakes = new PendingHandshakes(loopback, captureAdjust, captureSockets, continued);
    }

    /** The address is gone from this machine, and what the kernel remembers of its connections. */
    void release() {
        if (loopback == null) {
            return;
        }
        forgetConnections();
        address.remove();
        vipHeld = false;
        loopback.release();
        adjust.flush(vip);
    }

    /**
     * Drops what the kernel keeps of an ended workload's connections: its unanswered FINs would hold their ports for
     * minutes, and an image with the same connections could not be restored (EADDRNOTAVAIL). Called while egress is
     * shut, so that no client hears of it.
     */
    void forgetConnections() {
        for (TcpSocket socket : sockets.connections(vip)) {
            sockets.destroy(socket.tuple());
        }
        loopback.discardAnswers();
    }

    void gate(GateMode mode, long timeoutMs) {
        try {
            capture.gate(mode).get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the gate cannot go to " + mode + ": " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the gate did not reach " + mode + " within " + timeoutMs + " ms: "
                    + capture.count(CaptureCount.HELD) + " packets are not committed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    CaptureAgent capture() {
        return capture;
    }

    LeaseKeeper lease() {
        return lease;
    }

    Loopback loopback() {
        return loopback;
    }

    ConntrackAdjust adjust() {
        return adjust;
    }

    PendingHandshakes handshakes() {
        return handshakes;
    }

    /** Goes on with handshakes of an older primary that the workload has accepted by now. */
    void finishHandshakes(Workload workload, ServiceReplica replica) {
        if (!continued.isEmpty()) {
            replica.withConnections(table ->
                    continued.finish(workload.processes().stream().map(Long::intValue).toList(), table));
        }
    }

    SocketScan sockets() {
        return sockets;
    }

    int vip() {
        return vip;
    }

    /** Any thread. */
    boolean vipHeld() {
        return vipHeld;
    }

    /** The kernel's TCP connections of the virtual address. */
    List<TcpSocket> connections() {
        return sockets.connections(vip);
    }

    /** Any thread: what the gate counted. */
    Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        if (guard != null) {
            for (CaptureCount count : CaptureCount.values()) {
                counts.put(count.name().toLowerCase(Locale.ROOT), capture.count(count));
            }
            counts.put("last_words_dropped", guard.dropped());
        }
        return counts;
    }

    /** Removes everything; the address first, so that nothing ever reaches it unguarded. */
    @Override
    public void close() {
        address.remove();
        vipHeld = false;
        lease.close();
        if (capture != null) {
            capture.close();
            guard.close();
        }
        if (loopback != null) {
            loopback.close();
            adjust.flush(vip);
            adjust.close();
            captureAdjust.close();
        }
        rules.remove();
        egress.remove();
        egress.close();
        address.close();
        sockets.close();
        captureSockets.close();
    }
}
