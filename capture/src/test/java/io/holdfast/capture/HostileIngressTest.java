package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import java.net.DatagramSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packets no honest stack sends, written to the wire by a packet socket. */
class HostileIngressTest {
    private static final int CLIENT = Ipv4Packet.address(TestNetwork.CLIENT);
    private static final int VIP = TestNetwork.VIP_ADDRESS;
    private static final int LIMIT_MS = 5_000;

    private TestNetwork network;
    private RecordingSink sink;
    private CaptureAgent agent;
    private DatagramSocket server;
    private Descriptor wire;

    @BeforeEach
    void capture() throws Exception {
        network = new TestNetwork();
        sink = new RecordingSink();
        sink.commitAtOnce(true);
        agent = network.node.call(() -> {
            new IngressRules("hostile", TestNetwork.VIP, TestNetwork.QUEUE, null).install();
            return new CaptureAgent("hostile", IngressQueue.open(TestNetwork.QUEUE, 1024, 1 << 20), VIP, 64, sink, null)
                    .start();
        });
        server = network.server();
        wire = network.client.call(() -> Descriptor.socket(LibC.AF_PACKET, LibC.SOCK_RAW, 0, "wire"));
        agent.gate(GateMode.OPEN).get(LIMIT_MS, TimeUnit.MILLISECONDS);
    }

    @AfterEach
    void removeEverything() {
        agent.close();
        server.close();
        wire.close();
        network.close();
    }

    private void send(byte[] packet) {
        ByteBuffer frame = LibC.direct(14 + packet.length).order(ByteOrder.BIG_ENDIAN);
        frame.put(network.link(network.node).hardwareAddress()).put(network.link(network.client).hardwareAddress());
        frame.putShort((short) 0x0800).put(packet);
        ByteBuffer to = LibC.direct(20).putShort(0, (short) LibC.AF_PACKET).putInt(4, network.link(network.client).index());
        to.duplicate().order(ByteOrder.BIG_ENDIAN).putShort(2, (short) 0x0800);
        LibC.check("sendto", LibC.sendto(wire.number(), LibC.addressOf(frame), frame.capacity(), 0, LibC.addressOf(to), 20));
    }

    /** Sends the packet, then a good one, which comes out alone. */
    private void assertDropped(byte[] packet, CaptureCount reason) throws Exception {
        long before = agent.count(reason);
        int takenBefore = sink.taken();
        send(packet);
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> agent.count(reason) == before + 1);
        send(PacketBytes.udp(CLIENT, VIP, 9, TestNetwork.PORT, "good".getBytes()));
        assertThat(TestNetwork.receive(server, LIMIT_MS)).isEqualTo("good");
        assertThat(sink.taken()).isEqualTo(takenBefore + 1);
        assertThat(agent.kernelCounts().waiting()).isZero();
        assertThat(agent.failure()).isNull();
    }

    private static byte[] syn() {
        return PacketBytes.tcp(CLIENT, VIP, 9, 7, 1, 0, TcpView.SYN, new byte[0], new byte[0]);
    }

    /** Changes one byte and makes the sums right again, as far as there are any. */
    private static byte[] with(byte[] packet, int at, int value) {
        packet[at] = (byte) value;
        return PacketBytes.filled(ByteBuffer.wrap(packet));
    }

    @Test
    void tcpHeadersThatAreNotWholeAreDropped() throws Exception {
        assertDropped(with(syn(), 32, 0x40), CaptureCount.DROPPED_MALFORMED); // data offset below the minimum
        assertDropped(with(syn(), 32, 0xf0), CaptureCount.DROPPED_MALFORMED); // data offset beyond the end
        for (int length = 0; length < 20; length += 3) {
            assertDropped(PacketBytes.other(6, CLIENT, VIP, new byte[length]), CaptureCount.DROPPED_MALFORMED);
        }
    }

    @Test
    void udpLengthsThatAreNotTrueAreDropped() throws Exception {
        byte[] good = PacketBytes.udp(CLIENT, VIP, 9, TestNetwork.PORT, "bad".getBytes());
        assertDropped(with(good.clone(), 25, 200), CaptureCount.DROPPED_MALFORMED);
        assertDropped(with(good.clone(), 25, 7), CaptureCount.DROPPED_MALFORMED);
        assertDropped(PacketBytes.other(17, CLIENT, VIP, new byte[7]), CaptureCount.DROPPED_MALFORMED);
    }

    @Test
    void aWrongChecksumIsDroppedBecauseTheStackWouldDropItToo() throws Exception {
        byte[] flipped = PacketBytes.udp(CLIENT, VIP, 9, TestNetwork.PORT, "flip".getBytes());
        flipped[flipped.length - 1] ^= 1;
        assertDropped(flipped, CaptureCount.DROPPED_CHECKSUM);
        byte[] segment = syn();
        segment[24] ^= 1;
        assertDropped(segment, CaptureCount.DROPPED_CHECKSUM);
    }

    @Test
    void absurdOptionsDoNoHarm() throws Exception {
        byte[] options = {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, (byte) 255};
        send(PacketBytes.tcp(CLIENT, VIP, 9, 7, 1, 1, TcpView.ACK, options, new byte[5]));
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> sink.taken() == 1);
        assertThat(agent.failure()).isNull();
    }

    @Test
    void icmpPassesAnOpenGateWithoutAnEntryAndNoOther() throws Exception {
        byte[] echo = {8, 0, (byte) 0xf7, (byte) 0xff, 0, 0, 0, 0};
        send(PacketBytes.other(1, CLIENT, VIP, echo));
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> agent.count(CaptureCount.PASSED) == 1);
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> echoRequestsAnswered() == 1);
        assertThat(sink.taken()).isZero();
        agent.gate(GateMode.HOLD).get(LIMIT_MS, TimeUnit.MILLISECONDS);
        send(PacketBytes.other(1, CLIENT, VIP, echo));
        await().atMost(LIMIT_MS, TimeUnit.MILLISECONDS).until(() -> agent.count(CaptureCount.DROPPED_FOREIGN) == 1);
        assertThat(echoRequestsAnswered()).isEqualTo(1);
    }

    private int echoRequestsAnswered() {
        String[] lines = network.node.run("cat", "/proc/net/snmp").lines().filter(line -> line.startsWith("Icmp:"))
                .toArray(String[]::new);
        String[] names = lines[0].split(" ");
        String[] values = lines[1].split(" ");
        for (int i = 0; i < names.length; i++) {
            if (names[i].equals("OutEchoReps")) {
                return Integer.parseInt(values[i]);
            }
        }
        throw new IllegalStateException("no OutEchoReps");
    }
}
