package io.holdfast.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class PacketViewTest {
    private static final int SOURCE = Ipv4Packet.address("10.0.0.1");
    private static final int DESTINATION = Ipv4Packet.address("192.168.7.250");
    private final Ipv4Packet packet = new Ipv4Packet();
    private final TcpView tcp = new TcpView();
    private final UdpView udp = new UdpView();

    @Example
    void aSegmentIsReadFieldByField() {
        byte[] options = {2, 4, 5, (byte) 180, 4, 2, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 1, 3, 3, 7,
            5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0};
        byte[] bytes = PacketBytes.tcp(SOURCE, DESTINATION, 40000, 6379, 0xfffffff0, 0x80000001,
                TcpView.SYN | TcpView.ACK, options, "hello".getBytes());
        ByteBuffer buffer = ByteBuffer.allocate(bytes.length + 13);
        buffer.put(7, bytes);
        assertThat(packet.wrap(buffer, 7, bytes.length + 3)).as("with padding").isTrue();
        assertThat(packet.totalLength()).isEqualTo(bytes.length);
        assertThat(Ipv4Packet.text(packet.source())).isEqualTo("10.0.0.1");
        assertThat(Ipv4Packet.text(packet.destination())).isEqualTo("192.168.7.250");
        assertThat(packet.timeToLive()).isEqualTo(64);
        assertThat(packet.isFragment()).isFalse();
        assertThat(tcp.wrap(packet)).isTrue();
        assertThat(udp.wrap(packet)).isFalse();
        assertThat(tcp.sourcePort()).isEqualTo(40000);
        assertThat(tcp.destinationPort()).isEqualTo(6379);
        assertThat(tcp.sequence()).isEqualTo(0xfffffff0);
        assertThat(tcp.acknowledgement()).isEqualTo(0x80000001);
        assertThat(tcp.sequenceLength()).isEqualTo(6);
        assertThat(tcp.payloadLength()).isEqualTo(5);
        assertThat(buffer.get(tcp.payloadOffset())).isEqualTo((byte) 'h');
        assertThat(tcp.mss()).isEqualTo(1460);
        assertThat(tcp.isSackPermitted()).isTrue();
        assertThat(tcp.windowScale()).isEqualTo(7);
        assertThat(tcp.timestampValue()).isEqualTo(256);
        assertThat(tcp.timestampEcho()).isEqualTo(512);
        assertThat(tcp.sackBlocks()).isEqualTo(1);
        assertThat(tcp.sackRight(0)).isEqualTo(9);
        assertThat(tcp.isPureAck()).isFalse();
    }

    @Example
    void whatIsNotThereIsSaidSo() {
        byte[] bytes = PacketBytes.tcp(SOURCE, DESTINATION, 1, 2, 3, 4, TcpView.ACK, new byte[0], new byte[0]);
        assertThat(packet.wrap(ByteBuffer.wrap(bytes))).isTrue();
        assertThat(tcp.wrap(packet)).isTrue();
        assertThat(tcp.isPureAck()).isTrue();
        assertThat(tcp.hasTimestamps() || tcp.hasMss() || tcp.hasWindowScale()).isFalse();
        assertThatThrownBy(tcp::timestampValue).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tcp.sackLeft(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> packet.wrap(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> packet.wrap(ByteBuffer.wrap(bytes), 1, bytes.length))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void onlyAnAcknowledgementAloneIsPure() {
        for (int flags = 0; flags < 256; flags++) {
            for (int payload = 0; payload < 2; payload++) {
                packet.wrap(ByteBuffer.wrap(
                        PacketBytes.tcp(1, 2, 3, 4, 5, 6, flags, new byte[0], new byte[payload])));
                assertThat(tcp.wrap(packet)).isTrue();
                boolean moves = (flags & (TcpView.SYN | TcpView.FIN | TcpView.RST | TcpView.URG)) != 0 || payload > 0;
                assertThat(tcp.isPureAck()).isEqualTo(!moves && (flags & TcpView.ACK) != 0);
            }
        }
    }

    @Example
    void settersChangeWhatIsSent() {
        byte[] options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 18,
            0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
        byte[] bytes = PacketBytes.tcp(1, 2, 3, 4, 5, 6, TcpView.ACK, options, new byte[3]);
        packet.wrap(ByteBuffer.wrap(bytes));
        tcp.wrap(packet);
        tcp.sequence(-5);
        tcp.acknowledgement(-6);
        tcp.sack(1, -7, -8);
        tcp.timestamps(-9, -10);
        packet.source(77);
        packet.destination(78);
        assertThat(Checksums.isTransportValid(packet)).isFalse();
        Checksums.fill(packet);
        packet.wrap(ByteBuffer.wrap(bytes));
        tcp.wrap(packet);
        assertThat(Checksums.isTransportValid(packet) && Checksums.isHeaderValid(packet)).isTrue();
        assertThat(new int[] {tcp.sequence(), tcp.acknowledgement(), tcp.sackLeft(0), tcp.sackRight(0), tcp.sackLeft(1),
            tcp.sackRight(1), tcp.timestampValue(), tcp.timestampEcho(), packet.source(), packet.destination()})
                .containsExactly(-5, -6, 1, 2, -7, -8, -9, -10, 77, 78);
    }

    /** A checksum from the wire: RFC 1071's own example words, and a header other documents quote. */
    @Example
    void knownChecksums() {
        byte[] header = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, (byte) 0xc0, (byte) 0xa8, 0, 1,
            (byte) 0xc0, (byte) 0xa8, 0, (byte) 0xc7};
        ByteBuffer buffer = ByteBuffer.allocate(0x73).put(0, header);
        assertThat(packet.wrap(buffer)).isTrue();
        Checksums.fill(packet);
        assertThat(buffer.getShort(10) & 0xffff).isEqualTo(0xb861);
    }

    @Property
    void aFilledPacketIsValidAndOneFlippedBitIsNot(@ForAll @IntRange(min = 0, max = 1600) int payload,
            @ForAll boolean isTcp, @ForAll long seed) {
        Random random = new Random(seed);
        byte[] data = new byte[payload];
        random.nextBytes(data);
        byte[] bytes = isTcp
                ? PacketBytes.tcp(random.nextInt(), random.nextInt(), 1, 2, random.nextInt(), 6, 16, new byte[4], data)
                : PacketBytes.udp(random.nextInt(), random.nextInt(), 1, 2, data);
        assertThat(packet.wrap(ByteBuffer.wrap(bytes))).isTrue();
        assertThat(Checksums.isHeaderValid(packet) && Checksums.isTransportValid(packet)).isTrue();
        assertThat(reference(bytes, isTcp ? 6 : 17)).isEqualTo(0xffff);
        int bit = random.nextInt((bytes.length - 28) * 8 + 1) + 28 * 8 - 1;
        if (bit >= 28 * 8) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(Checksums.isTransportValid(packet)).isFalse();
        }
    }

    /** The sum as RFC 1071 words it, sixteen bits at a time. */
    private static int reference(byte[] bytes, int protocol) {
        int sum = protocol + bytes.length - 20;
        for (int i = 12; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum >> 16) + (sum & 0xffff);
        }
        return sum;
    }

    @Property(tries = 5000)
    void noBytesWhateverBreakTheViews(@ForAll("almostPackets") byte[] bytes) {
        if (!packet.wrap(ByteBuffer.wrap(bytes))) {
            return;
        }
        assertThat(packet.totalLength()).isBetween(packet.headerLength(), bytes.length);
        if (tcp.wrap(packet)) {
            assertThat(tcp.payloadOffset() + tcp.payloadLength()).isEqualTo(packet.totalLength());
            for (int i = 0; i < tcp.sackBlocks(); i++) {
                tcp.sackRight(i);
            }
            touchOptions();
            Checksums.isTransportValid(packet);
        }
        if (udp.wrap(packet)) {
            assertThat(udp.payloadOffset() + udp.payloadLength()).isLessThanOrEqualTo(packet.totalLength());
            Checksums.isTransportValid(packet);
        }
        Checksums.fill(packet);
        assertThat(Checksums.isHeaderValid(packet)).isTrue();
    }

    private void touchOptions() {
        if (tcp.hasMss()) {
            tcp.mss();
        }
        if (tcp.hasWindowScale()) {
            tcp.windowScale();
        }
        if (tcp.hasTimestamps()) {
            tcp.timestampEcho();
        }
    }

    /** Random bytes whose first ones make them look like TCP or UDP often enough. */
    @Provide
    Arbitrary<byte[]> almostPackets() {
        return Arbitraries.bytes().array(byte[].class).ofMinSize(0).ofMaxSize(120).map(bytes -> {
            if (bytes.length >= 20 && bytes[1] % 8 != 0) {
                bytes[0] = (byte) (0x45 + (bytes[0] & 1));
                bytes[2] = 0;
                bytes[3] = (byte) Math.max(0, bytes.length - (bytes[3] & 3));
                bytes[6] = 0;
                bytes[7] = 0;
                bytes[9] = (byte) ((bytes[9] & 1) == 0 ? 6 : 17);
            }
            return bytes;
        });
    }
}
