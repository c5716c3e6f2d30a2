package io.holdfast.restore.replay;

import static org.awaitility.Awaitility.await;

import io.holdfast.capture.CaptureAgent;
import io.holdfast.capture.CaptureObserver;
import io.holdfast.capture.GateMode;
import io.holdfast.capture.IngressQueue;
import io.holdfast.capture.IngressRules;
import io.holdfast.capture.PacketSink;
import io.holdfast.capture.VirtualAddress;
import io.holdfast.restore.connection.ConnectionTable;
import io.holdfast.restore.connection.SocketScan;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One machine of a scene: capture, loopback, a workload, and the steps of a takeover by a fresh workload. */
final class SceneNode implements AutoCloseable {
    private static final int QUEUE = 9;
    private static final String TUN = "hf-tun";
    final Namespace namespace;
    final Tape tape;
    final SocketScan scan;
    final ConntrackAdjust conntrack;
    final Loopback loopback;
    final IngressRules rules = new IngressRules("test", Scene.VIP, QUEUE, TUN);
    final CaptureAgent agent;
    private final VirtualAddress address;
    private Process workload;
    ReplayReport replay;
    FixReport fix;
    private TakeoverFix fixing;

    SceneNode(Scene scene, int number, Tape tape, CaptureObserver observer) {
        this(scene, number, tape, tape, observer);
    }

    /** @param sink where captured packets go, which passes them on to the tape */
    SceneNode(Scene scene, int number, Tape tape, PacketSink sink, CaptureObserver observer) {
        this.tape = tape;
        this.namespace = scene.node(number);
        // Namespaces of one machine share the secret offset of timestamps; 2 does without, so that the clocks of two
        // nodes differ as those of two machines would (ip-sysctl).
        namespace.run("sysctl", "-q", "-w", "net.ipv4.tcp_timestamps=" + (number % 2 == 0 ? 2 : 1));
        scan = namespace.call(SocketScan::new);
        conntrack = namespace.call(ConntrackAdjust::new);
        address = namespace.call(() -> new VirtualAddress(Scene.LINK, Scene.VIP_ADDRESS, 24));
        loopback = namespace.call(() -> Loopback.open(new LoopbackConfig(TUN, Scene.VIP_ADDRESS, 4242, 1500)));
        namespace.call(() -> {
            rules.install();
            return null;
        });
        agent = namespace.call(() -> new CaptureAgent("test", IngressQueue.open(QUEUE, 16384, 8 << 20),
                Scene.VIP_ADDRESS, 16384, sink, observer).start());
    }

    /** Starts the workload; false comes back from its port until it listens. */
    void launch(int port, String... command) {
        workload = namespace.launch(command);
        await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(2)).until(() ->
                scan.listeners(Scene.VIP_ADDRESS).stream().anyMatch(socket -> socket.tuple().serverPort() == port));
    }

    /** That of this process where the test itself is the server. */
    private long workloadPid() {
        return workload == null ? ProcessHandle.current().pid() : workload.pid();
    }

    void announce() {
        address.add();
        address.announce(2);
    }

    void gate(GateMode mode) throws Exception {
        agent.gate(mode).get(5, TimeUnit.SECONDS);
    }

    /** Primary from the beginning. */
    void goLive() throws Exception {
        gate(GateMode.OPEN);
        announce();
    }

    /** Lets requests in still, but answers no longer out: clients wait for what the workload has said. */
    void muzzle() {
        namespace.run("nft", "add table ip muzzle; add chain ip muzzle out { type filter hook output priority 300; policy drop; }");
    }

    /** All at once: no more link, no more workload. */
    void crash() {
        namespace.run("ip", "link", "set", Scene.LINK, "down");
        Namespace.kill(workload);
    }

    /** Captured: what clients send waits from here on. */
    void capture() throws Exception {
        gate(GateMode.HOLD);
        loopback.engage();
        announce();
    }

    /** Replays what the tape held when it was taken over into a fresh workload. */
    void replay(Tape.Source source, ReplayOptions options) {
        namespace.call(() -> {
            Replayer replayer = new Replayer(loopback, scan, options);
            replay = replayer.replay(new ConnectionTable(1024), source);
            fixing = new TakeoverFix(scan, conntrack, loopback, 100);
            fix = fixing.fix(replayer, () -> List.of((int) workloadPid()), System.currentTimeMillis() * 1_000_000);
            return null;
        });
    }

    void release() throws Exception {
        loopback.release();
        fixing.finish();
        gate(GateMode.OPEN);
    }

    @Override
    public void close() {
        agent.close();
        if (fixing != null) {
            fixing.close();
        }
        loopback.close();
        conntrack.close();
        scan.close();
        address.close();
        namespace.close();
    }
}
